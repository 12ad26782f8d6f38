import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';

test('a depot that is gone is named, and nothing makes an empty one in its place', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  await made.yard(['run']);
  await rm(join(made.state, 'depot.git'), { recursive: true });
  for (const command of [['run'], ['gc'], ['diff', 'A-1'], ['salvage']]) {
    const { code, stderr } = await made.yard(command);
    expect({ command, code, stderr }).toEqual({
      command,
      code: 1,
      stderr: expect.stringContaining('depot.git is gone'),
    });
  }
  for (const command of [['status'], ['why', 'A-1']]) expect(await made.yard(command)).toMatchObject({ code: 0 });
  expect(made.exists('state/depot.git')).toBe(false);
  expect(await made.yard(['doctor'])).toMatchObject({ code: 1, stdout: expect.stringContaining('the depot is gone') });
});

import { describe, expect, it } from 'vitest';
import { startProgram } from '../../test/fixtures/processes/started.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { identityOf, isAlive, ownIdentity } from './identity.ts';

describe('identity', () => {
  it('of this process is alive, and the same each time', () => {
    expect(isAlive(ownIdentity())).toBe(true);
    expect(ownIdentity()).toEqual(identityOf(process.pid));
  });

  it.each([{ startTime: '1' }, { bootId: 'another boot' }])('that differs in %o is not alive', (difference) => {
    expect(isAlive({ ...ownIdentity(), ...difference })).toBe(false);
  });

  it('ends with its process', async () => {
    const { child, pid, ended } = await startProgram(
      'sh',
      ['-c', 'echo ready; exec sleep 1000'],
      await useTemporaryDirectory(),
    );
    const identity = identityOf(pid)!;
    expect(isAlive(identity)).toBe(true);
    child.kill('SIGKILL');
    await ended;
    expect(isAlive(identity)).toBe(false);
    expect(identityOf(pid)).toBeNull();
  });

  it('of a zombie is known, but not alive', async () => {
    // `sleep` does not know that it has a child, and never reaps it.
    const program = "sh -c 'echo $$' & exec sleep 1000";
    const { line } = await startProgram('sh', ['-c', program], await useTemporaryDirectory());
    const pid = Number(line);
    await expect.poll(() => isAlive(identityOf(pid)!)).toBe(false);
    expect(identityOf(pid)).toMatchObject({ pid });
  });
});

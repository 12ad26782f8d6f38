import { expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';

const CONFIG = `version: 1
target: agent/integration
defaults: { agent: a, gate: default }
gates:
  default: { run: 'curl https://ada:hunter2-hunter2@example.org/ && check --key=canary-7f3a9c', secrets: [CHECK_KEY] }
agents: { a: { kind: command, run: [git] } }
limits:
  retries: 2
  hours: 2
  concurrent: 2
`;

test('each value is shown with the layer that won, and what is a secret is not', async () => {
  const made = await makeYard({ config: CONFIG });
  await made.write('repo/.yard/config.local.yaml', 'limits: { hours: 3, concurrent: 3 }\n');
  const env = { YARD_LIMITS_CONCURRENT: '4', CHECK_KEY: 'canary-7f3a9c' };
  const shown = await made.yard(['config', 'limits'], { env });
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  const lines = shown.stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(lines).toContainEqual(['limits.concurrent', '4', 'YARD_LIMITS_CONCURRENT']);
  expect(lines).toContainEqual(['limits.hours', '3', '.yard/config.local.yaml:1']);
  expect(lines).toContainEqual(['limits.retries', '2', '.yard/config.yaml:8']);
  expect(lines).toContainEqual(['limits.dispatchPerCycle', '5', 'default']);
  for (const args of [['config'], ['config', '--json']]) {
    const { stdout } = await made.yard(args, { env });
    expect(stdout).toMatch(/curl .*\[redacted:.*&& check/);
    expect(stdout).toContain('[redacted:CHECK_KEY]');
    expect(stdout).not.toMatch(/hunter2|canary/);
  }
  const schema = await made.yard(['config', '--schema']);
  expect(JSON.parse(schema.stdout)).toMatchObject({ title: 'Yardmaster configuration' });
});

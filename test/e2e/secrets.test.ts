import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secretForms } from '../../src/core/secret-forms.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';
import { objectsOf } from '../fixtures/git/objects.ts';

const AGENT = { name: 'AGENT_CANARY', value: 'c4nary"of"+the=agent-1' };
const GATE = { name: 'GATE_CANARY', value: 'c4nary-of-the-gate-2' };
const env = { [AGENT.name]: AGENT.value, [GATE.name]: GATE.value };
const FORMS = [AGENT, GATE].flatMap(secretForms).map(({ text }) => text);

const QUOTED = '"$(printf %s "$AGENT_CANARY" | sed \'s/["\\\\]/\\\\&/g\')"';
const TASKS = {
  // Whole, byte by byte, in base64, on both streams, without an end of the line, in the arguments of a child.
  PRINT: `
    echo "it is $AGENT_CANARY"; printf %s "$AGENT_CANARY" | base64; printf %s "x$AGENT_CANARY" | base64 >&2
    i=1; while [ $i -le \${#AGENT_CANARY} ]; do printf %s "$AGENT_CANARY" | cut -c $i | tr -d '\\n'; i=$((i + 1)); done
    sh -c 'echo "$0 $*"' one "$AGENT_CANARY"; tr '\\0' '\\n' < /proc/$PPID/environ || true
    echo x > printed; printf %s "$AGENT_CANARY"`,
  PACKET: `echo x > packet
    printf '{"summary":"%s","tests":["%s"]}' ${QUOTED} "$(printf %s "$AGENT_CANARY" | base64)" > "$YARD_RESULT"
    echo "$AGENT_CANARY" > "$(dirname "$YARD_RESULT")/more"`,
  MALFORMED: `echo x > malformed; printf '{"summary":%s' "$AGENT_CANARY" > "$YARD_RESULT"`,
  ASK: `printf '{"question":"is it %s?"}' ${QUOTED} > "$YARD_RESULT"`,
  BLOCKED: 'echo "Which? $AGENT_CANARY" > BLOCKED.md',
  FILE: 'echo "key: $AGENT_CANARY" > key; git add -A; git -c user.name=a -c user.email=a@b commit -qm "$AGENT_CANARY"',
  NAMED: 'mkdir d; echo x > "d/$AGENT_CANARY"; echo "$AGENT_CANARY" | base64 > "d/b64"',
  FAILED: 'echo "key: $AGENT_CANARY" > key; echo "the last thing ($YARD_ATTEMPT): $AGENT_CANARY"; exit 1',
  RED: 'echo x > red',
  OTHER: 'env | cut -d = -f 1 > "$BASE/names-of-other"; echo x > other',
};

async function canaryYard(): Promise<E2eYard> {
  const made = await makeYard({
    config: {
      gates: {
        default: {
          run: `env | cut -d = -f 1 > ../../../names-of-gate; echo "gate: $GATE_CANARY"; printf %s "$GATE_CANARY" | base64; test ! -e red`,
          secrets: [GATE.name],
        },
      },
      limits: { retries: 1, consecutiveFailures: 1000 },
    },
    tasks: Object.entries(TASKS).map(([id, does]) => ({
      id: `${id}-1`,
      does,
      ...(id === 'OTHER' ? { agent: 'other' } : {}),
    })),
  });
  const run = ['/bin/sh', '-eu', join(made.base, 'agent.sh')];
  const config = JSON.parse(await made.readText('repo/.yard/config.yaml')) as { agents: Record<string, object> };
  config.agents = {
    script: { kind: 'command', run, secrets: [AGENT.name] },
    other: { kind: 'command', run },
  };
  await made.write('repo/.yard/config.yaml', JSON.stringify(config, null, 2));
  return made;
}

/** What gives a canary away in these bytes. */
function leaksIn(data: Buffer): string[] {
  const text = data.toString('latin1');
  return FORMS.filter((form) => text.includes(form));
}

/** Files of the state directory but for the lanes, which are the agent's own; names count as well. */
function filesOf(state: string): string[] {
  return readdirSync(state, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(state, 'lanes')) && !/\/lane-of-\d/.test(path));
}

test('case 59: secrets that an agent and a gate give away are nowhere in the state directory, nor in what commands show', async () => {
  const made = await canaryYard();
  const shown: string[] = [];
  const yard = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await made.yard(args, { env });
    shown.push(stdout, stderr);
    return stdout;
  };
  await yard('run');
  // The refused and the failed go on with a target that has moved: their lanes are salvaged and filled anew.
  await made.humanCommit('agent/integration', 'moved', 'x');
  for (const id of ['FILE-1', 'NAMED-1', 'FAILED-1']) await yard('retry', id);
  await yard('run');
  for (const args of [['status'], ['status', '--json'], ['salvage'], ['salvage', '--json'], ['doctor']]) {
    await yard(...args);
  }
  for (const id of ['PRINT-1', 'PACKET-1', 'ASK-1', 'BLOCKED-1', 'FILE-1', 'NAMED-1', 'FAILED-1', 'RED-1']) {
    for (const command of ['why', 'logs', 'diff']) await yard(command, id);
  }
  for (const find of ['FILE-1/1', 'NAMED-1/1', 'FAILED-1/1', 'FAILED-1/2']) {
    await yard('salvage', 'show', find, '--patch');
    await yard('salvage', 'show', find, '--json');
  }
  const events = await made.read((reader) => reader.events({}));
  shown.push(JSON.stringify(events));

  expect(leaksIn(Buffer.from(shown.join('\n')))).toEqual([]);
  for (const path of filesOf(made.state)) {
    expect(leaksIn(Buffer.from(path)), path).toEqual([]);
    const isFile = readdirSync(join(path, '..'), { withFileTypes: true }).some(
      (entry) => entry.isFile() && join(entry.parentPath, entry.name) === path,
    );
    if (isFile) expect(leaksIn(readFileSync(path)), path).toEqual([]);
  }
  const objects = objectsOf(join(made.state, 'depot.git'));
  expect([...objects].filter(([, data]) => leaksIn(data).length > 0)).toEqual([]);

  // Nothing of it is the machine's fault.
  expect(JSON.stringify(events)).not.toMatch(/"kind":"(?:infrastructure|integrity)"/);
  // All of this has happened: otherwise nothing was there to be hidden.
  const evidence = (id: string, file: string): string =>
    readFileSync(join(made.state, 'attempts', id, '1', file), 'utf8');
  expect(evidence('PRINT-1', 'transcript.ndjson').match(/\[redacted:AGENT_CANARY\]/g)?.length).toBeGreaterThan(4);
  expect(evidence('PRINT-1', 'gate.log')).toMatch(/gate: \[redacted:GATE_CANARY\]\n\[redacted:GATE_CANARY\]/);
  expect(evidence('PACKET-1', 'packet.json')).toContain('"summary": "[redacted:AGENT_CANARY]"');
  const outcome = (id: string): unknown => JSON.parse(evidence(id, 'outcome.json'));
  expect(outcome('ASK-1')).toEqual({ kind: 'question', text: 'is it [redacted:AGENT_CANARY]?' });
  expect(outcome('BLOCKED-1')).toEqual({ kind: 'question', text: 'Which? [redacted:AGENT_CANARY]' });
  expect(outcome('FILE-1')).toMatchObject({ kind: 'policy', paths: ['key'] });
  expect(outcome('NAMED-1')).toMatchObject({ kind: 'policy' });
  expect(outcome('FAILED-1')).toMatchObject({ why: expect.stringContaining('thing (1): [redacted:AGENT_CANARY]') });
  expect(outcome('MALFORMED-1')).toMatchObject({ kind: 'no-packet' });
  expect(outcome('RED-1')).toMatchObject({ kind: 'gate-red' });
  expect(readFileSync(join(made.state, 'lanes', 'FAILED-1', 'key'), 'utf8')).toContain('c4nary');
  expect(made.git('show', 'agent/integration:printed')).toBe('x');
  const names = async (file: string): Promise<string[]> => (await made.readText(file)).split('\n');
  expect(await names('names-of-other')).not.toContain(AGENT.name);
  expect(await names('names-of-gate')).toContain(GATE.name);
  expect(await names('names-of-gate')).not.toContain(AGENT.name);
});

test('a secret that is not set is warned about, and keeps nothing from running', async () => {
  const made = await makeYard({ config: { secrets: ['NOT_SET'] }, tasks: [{ id: 'A-1', does: 'echo x > a' }] });
  const { code, stderr } = await made.yard(['run']);
  expect(code).toBe(0);
  expect(stderr).toContain('warning: the secret NOT_SET of secrets is not set in this environment');
  expect((await made.yard(['doctor'])).stdout).toContain('NOT_SET');
});

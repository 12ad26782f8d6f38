import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { loadConfig } from './load.ts';

const BASE = `version: 1
target: agent/integration
defaults: { agent: a, gate: g }
gates: { g: { run: 'true' } }
agents: { a: { kind: command, run: 'true' } }
`;

async function refusal(yaml: string): Promise<string> {
  const root = await useTemporaryDirectory('sandbox-problems');
  await mkdir(join(root, '.yard'));
  await writeFile(join(root, '.yard/config.yaml'), BASE + yaml);
  return loadConfig(root).then(
    () => 'taken',
    (error: unknown) => (error as Error).message,
  );
}

const HOST = 'is not a host that can be listed';
const NAMES = 'only names can be listed: no addresses, and not this machine (localhost)';
const SYNTAX = 'expected a host name, such as example.org, *.example.org or name:8080';
const PLACE = 'is not an absolute path, nor one that begins with ~/';
const SIZE = 'is not a size; write 500MB or 2GiB';

test.each([
  ['network: [localhost]', `network[0] ${HOST}: ${NAMES}`],
  ['network: [a.example, 127.0.0.1]', `network[1] ${HOST}: ${NAMES}`],
  ['network: ["https://example.org"]', `network[0] ${HOST}: ${SYNTAX}`],
  ['network: ["*"]', `network[0] ${HOST}: ${SYNTAX}`],
  ['network: ["*.com"]', `network[0] ${HOST}: *.com would be a whole top-level domain`],
  ['network: ["example.org:99999"]', `network[0] ${HOST}: 99999 is no port`],
  ['network: example.org', 'network must be open, none or a list, not the text "example.org"'],
  ['network: false', 'network must be open, none or a list, not false'],
  ['network: []', 'network must have at least 1 entry'],
  ['write: ~/.config/agent', 'write must be a list, not the text "~/.config/agent"'],
  ['write: [~]', 'write[0] must be text, not nothing; a bare ~ is nothing in YAML'],
  ['read: [lib]', `read[0] ${PLACE}`],
  ['limits: { memory: 8 }', 'limits.memory must be text, not 8'],
  ['limits: { memory: 8G }', `limits.memory ${SIZE}`],
  ['limits: { memory: 10 GiB }', `limits.memory ${SIZE}`],
  ['limits: { memory: 1KiB }', 'limits.memory must be at least 16MiB'],
  ['limits: { disk: "0" }', 'limits.disk must be at least 16MiB'],
  ['limits: { fileSize: "0" }', 'limits.fileSize must be at least 1B'],
  ['limits: { processes: many }', 'limits.processes must be a number, not the text "many"'],
  ['limits: { processes: 3 }', 'limits.processes must be at least 16'],
  ['kind: chroot', 'kind must be auto, none, bubblewrap or container, not the text "chroot"'],
  ['engine: lxc', 'engine must be auto, docker or podman, not the text "lxc"'],
  ['image: ""', 'image is not the name of an image'],
])('%s: one sentence, at its place', async (yaml, sentence) => {
  const end = `sandbox.agents.${sentence}`;
  expect(await refusal(`sandbox: { agents: { ${yaml} } }\n`)).toMatch(placed(6, end));
  expect(await refusal(`sandbox:\n  agents:\n    ${yaml}\n`)).toMatch(placed(8, end));
});

/** One problem, which is told with its line. */
function placed(line: number, sentence: string): RegExp {
  const escaped = sentence.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^\\.yard/config\\.yaml:${line}:\\d+: ${escaped}$`);
}

test('several things that are wrong are all told', async () => {
  expect(await refusal('sandbox: { agents: { network: [localhost], engine: lxc, iamge: x } }\n')).toMatch(
    /network\[0\][^]*and 2 more:[^]*sandbox\.agents\.engine[^]*unknown key "iamge" in sandbox\.agents; did you mean image/,
  );
});

test.each([
  ['chroot', 'the text "chroot"'],
  ['7', '7'],
])('sandbox: %s', async (yaml, said) => {
  const words = 'must be auto, none, bubblewrap, container or a map';
  expect(await refusal(`sandbox: ${yaml}\n`)).toMatch(placed(6, `sandbox ${words}, not ${said}`));
  expect(await refusal(`sandbox: { gates: ${yaml} }\n`)).toMatch(placed(6, `sandbox.gates ${words}, not ${said}`));
});

test.each(['kind: none', 'network: none', 'write: [/x]', 'image: x', 'limits: { nice: 1 }'])(
  '%s, said a level too high',
  async (yaml) => {
    const [key = ''] = yaml.split(':');
    expect(await refusal(`sandbox: { ${yaml} }\n`)).toMatch(
      placed(6, `unknown key "${key}" in sandbox; put it under sandbox.agents, sandbox.gates or sandbox.prewarm`),
    );
  },
);

test('a limit, said a level too high', async () => {
  expect(await refusal('sandbox: { agents: { memory: 8GiB } }\n')).toMatch(
    placed(6, 'unknown key "memory" in sandbox.agents; put it under sandbox.agents.limits'),
  );
});

test('a container without an image is refused where it is said', async () => {
  const image = "is a container without an image; name one, such as { kind: container, image: 'node:24' }";
  expect(await refusal('sandbox: { agents: container }\n')).toMatch(placed(6, `sandbox.agents ${image}`));
  const both = await refusal('sandbox: container\n');
  expect(both).toContain(`sandbox.agents ${image}`);
  expect(both).toContain(`sandbox.gates ${image}`);
  // Nothing is started by it.
  expect(both).not.toContain('sandbox.prewarm');
  expect(await refusal('sandbox: { prewarm: container }\n')).toBe('taken');
  expect(await refusal("sandbox: { agents: { kind: container, image: 'node:24' } }\n")).toBe('taken');
});

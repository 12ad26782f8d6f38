import { expect, test } from 'vitest';
import { allowedEnvironment } from '../process/environment.ts';
import { namedSecrets, passed, secretWarnings } from './named-secrets.ts';
import { configSchema } from './schema.ts';
import type { Config } from './schema.ts';

function configOf(more: object): Config {
  return configSchema.parse({
    version: 1,
    target: 'agent/integration',
    defaults: { agent: 'one', gate: 'default' },
    gates: { default: { run: 'true', secrets: ['GATE_SECRET'] } },
    agents: { one: { kind: 'command', run: 'true', secrets: ['ONE_KEY'] }, two: { kind: 'command', run: 'true' } },
    prewarm: [{ run: 'true', key: ['a'], outputs: ['b'], secrets: ['WARM_SECRET'] }],
    secrets: ['HIDDEN'],
    ...more,
  });
}

const environment = {
  PATH: '/bin',
  ONE_KEY: 'one-value-1',
  GATE_SECRET: 'gate-value-1',
  WARM_SECRET: 'warm-value-1',
  HIDDEN: 'hidden-value-1',
  OTHER: 'not named',
};

test('a secret reaches what names it, and nothing else, whatever prefix is let through', () => {
  const config = configOf({ environment: { allow: ['ONE_*', 'GATE_*', 'H*', 'W*'] } });
  const names = (allow: readonly string[]) => Object.keys(allowedEnvironment(allow, {}, environment)).toSorted();
  expect(names(config.agents['one']?.environment.allow ?? [])).toEqual(['ONE_KEY', 'PATH']);
  expect(names(config.agents['two']?.environment.allow ?? [])).toEqual(['PATH']);
  expect(names(config.gates['default']?.environment.allow ?? [])).toEqual(['GATE_SECRET', 'PATH']);
  expect(names(config.prewarm[0]?.environment.allow ?? [])).toEqual(['PATH', 'WARM_SECRET']);
  expect(names(passed(config))).toEqual(['GATE_SECRET', 'HIDDEN', 'ONE_KEY', 'PATH', 'WARM_SECRET']);
});

test('values come from the environment, of what is named and of what is let through under the name of a secret', () => {
  const config = configOf({ environment: { allow: ['MY_TOKEN', 'NODE_*', 'SSH_KEY', 'EDITOR'] } });
  const secrets = namedSecrets(config, {
    ...environment,
    MY_TOKEN: 'tok-123456',
    NODE_AUTH_TOKEN: 'tok-789012',
    SSH_KEY: '/home/me/.ssh/id',
    EDITOR: 'vim-1234567',
    UNSEEN_TOKEN: 'never passes',
  });
  expect(Object.fromEntries(secrets.map(({ name, value }) => [name, value]))).toEqual({
    HIDDEN: 'hidden-value-1',
    ONE_KEY: 'one-value-1',
    GATE_SECRET: 'gate-value-1',
    WARM_SECRET: 'warm-value-1',
    MY_TOKEN: 'tok-123456',
    NODE_AUTH_TOKEN: 'tok-789012',
  });
});

test('what is probably not meant is warned about, without a value', () => {
  const config = configOf({ environment: { allow: ['GATE_SECRET'] } });
  const warnings = secretWarnings(config, { GATE_SECRET: 'gate-value-1', WARM_SECRET: 'sh0rt', HIDDEN: 'true' });
  expect(warnings).toEqual([
    'the secret HIDDEN of secrets is not hidden where it shows: its value is shorter than 8 characters',
    'the secret ONE_KEY of agents.one.secrets is not set in this environment',
    'environment.allow gives GATE_SECRET, a secret of gates.default.secrets, to all agents and gates',
    'the secret WARM_SECRET of prewarm[0].secrets is not hidden where it shows: its value is shorter than 8 characters',
  ]);
  expect(warnings.join()).not.toMatch(/sh0rt|gate-value/);
});

test('the address of a webhook is a secret, with what of it is a key; an older pin knows of none', () => {
  const address = 'https://hooks.example/services/0123456789abcdef';
  const values = (config: Config, from: Readonly<Record<string, string>>) =>
    namedSecrets(config, from)
      .filter(({ name }) => name === 'HOOK' || name.startsWith('notify'))
      .map(({ name, value }) => `${name}: ${value}`);
  const written = configOf({ notify: { webhook: { url: address } } });
  expect(values(written, {})).toEqual([
    `notify.webhook.url: ${address}`,
    'notify.webhook.url: hooks.example/services/0123456789abcdef',
    'notify.webhook.url: 0123456789abcdef',
  ]);
  const named = configOf({ notify: { webhook: { variable: 'HOOK' } }, environment: { allow: ['H*'] } });
  expect(values(named, { HOOK: address })).toContain('HOOK: 0123456789abcdef');
  expect(Object.keys(allowedEnvironment(named.agents['one']?.environment.allow ?? [], {}, { HOOK: address }))).toEqual(
    [],
  );
  expect(secretWarnings(named, { ...environment })).toEqual([
    'the secret HOOK of notify.webhook.variable is not set in this environment',
  ]);
  const { notify: _, ...older } = written;
  expect(namedSecrets(older as Config, {})).toEqual([]);
});

test.each([
  [{ webhook: {} }, 'needs either url or variable'],
  [{ webhook: { url: 'https://a.example', variable: 'HOOK' } }, 'needs either url or variable'],
  [{ webhook: { url: 'https://user:pass@a.example' } }, 'has a user or a password before the host'],
  [{ on: ['landed'] }, 'question'],
  [{ window: 'soon' }, 'is not a duration'],
])('who is told is refused as %j', (notify, why) => {
  expect(() => configOf({ notify })).toThrow(why);
});

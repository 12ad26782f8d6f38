import { unfitSecret } from '../core/secret-forms.ts';
import { secretParts } from '../core/webhook-address.ts';
import type { NamedSecret } from '../core/secret-forms.ts';
import { allowedEnvironment } from '../process/environment.ts';
import type { Config } from './schema.ts';

/** Names of variables that are let through and nearly always hold a secret. */
const LOOKS_SECRET = /(?:^|_)(?:TOKEN|KEY|APIKEY|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)$/i;
/** A word or a path: whoever let such a variable through did not say that it is a secret. */
const LOOKS_PLAIN = /^(?:[A-Za-z]+|[/~.].*)$/;

/**
 * The values that must not be kept or shown: of the secrets that the configuration names, and of variables that it lets
 * through under a name of a secret. Only the environment holds values; the configuration has names alone.
 */
export function namedSecrets(config: Config, environment: Readonly<Record<string, string | undefined>>): NamedSecret[] {
  const named = new Set(secretNames(config).keys());
  const values = (names: Iterable<string>): NamedSecret[] =>
    [...names].flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [{ name, value }];
    });
  const passing = Object.keys(allowedEnvironment(passed(config), {}, environment));
  const guessed = passing.filter((name) => !named.has(name) && LOOKS_SECRET.test(name));
  return [
    ...values(named),
    ...values(guessed).filter(({ value }) => !LOOKS_PLAIN.test(value)),
    ...addressSecrets(config, environment),
  ];
}

/** Whoever has the address of a webhook can write to those who read there. */
function addressSecrets(config: Config, environment: Readonly<Record<string, string | undefined>>): NamedSecret[] {
  const webhook = webhookOf(config);
  if (webhook === null) return [];
  const name = webhook.variable ?? 'notify.webhook.url';
  const address = webhook.url ?? environment[webhook.variable ?? ''] ?? '';
  return secretParts(address.trim()).map((value) => ({ name, value }));
}

/** A configuration that an older version has pinned knows of none. */
function webhookOf(config: Config): Config['notify']['webhook'] {
  return (config as Partial<Config>).notify?.webhook ?? null;
}

function poolsOf(config: Config): [string, Config['pools'][string]][] {
  return Object.entries((config as Partial<Config>).pools ?? {});
}

/** All that any child of this configuration may get: what the processes that start them must have. */
export function passed(config: Config): string[] {
  const given = [...Object.values(config.agents), ...Object.values(config.gates), ...config.prewarm];
  const all = [...config.environment.allow, ...given.flatMap(({ environment }) => environment.allow)];
  const renamed = poolsOf(config).flatMap(([, { variables }]) => Object.values(variables));
  return [...new Set([...all, ...renamed, ...secretNames(config).keys()])].filter((entry) => !entry.startsWith('!'));
}

/** What is probably not meant with these secrets in this environment. Says no value. */
export function secretWarnings(config: Config, environment: Readonly<Record<string, string | undefined>>): string[] {
  return [...secretNames(config)].flatMap(([name, key]) => {
    if (config.environment.allow.includes(name) && key !== 'secrets') {
      return [`environment.allow gives ${name}, a secret of ${key}, to all agents and gates`];
    }
    const value = environment[name];
    if (value === undefined) return [`the secret ${name} of ${key} is not set in this environment`];
    const unfit = unfitSecret(value);
    return unfit === null ? [] : [`the secret ${name} of ${key} is not hidden where it shows: its value is ${unfit}`];
  });
}

/** Each name, and the key that it stands under. */
function secretNames(config: Config): Map<string, string> {
  const names = new Map<string, string>();
  const add = (key: string, secrets: readonly string[]): void => {
    for (const name of secrets) if (!names.has(name)) names.set(name, key);
  };
  add('secrets', config.secrets);
  for (const [name, { secrets }] of poolsOf(config)) add(`pools.${name}.secrets`, secrets);
  for (const [name, { secrets }] of Object.entries(config.agents)) add(`agents.${name}.secrets`, secrets);
  for (const [name, { secrets }] of Object.entries(config.gates)) add(`gates.${name}.secrets`, secrets);
  for (const [index, { secrets }] of config.prewarm.entries()) add(`prewarm[${index}].secrets`, secrets);
  const variable = webhookOf(config)?.variable ?? null;
  if (variable !== null) add('notify.webhook.variable', [variable]);
  return names;
}

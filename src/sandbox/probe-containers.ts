import type { CellPolicy } from '../core/cell-policy.ts';
import type { ContainerEngine, ContainerSupport } from '../core/sandbox-choice.ts';
import { inertLine } from '../core/inert.ts';
import { findProgram } from '../process/find-program.ts';
import { ask } from './container-removal.ts';
import type { EngineAnswer } from './container-removal.ts';

/** Where an engine is, and which. No name of a secret. */
const VARIABLES = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS',
  'DOCKER_TLS_VERIFY',
  'CONTAINER_HOST',
  'CONTAINER_CONNECTION',
  'CONTAINERS_CONF',
  'CONTAINERS_STORAGE_CONF',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'DBUS_SESSION_BUS_ADDRESS',
] as const;
const WHY_MAX = 200;

/**
 * Whether an engine answers that runs containers. Whether it has the image, or can get it, the first run tells.
 * @param environment the operator's.
 */
export async function probeContainers(
  wanted: CellPolicy['engine'],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ContainerSupport> {
  const reasons: string[] = [];
  for (const name of wanted === 'auto' ? (['docker', 'podman'] as const) : [wanted]) {
    const found = await probeEngine(name, environment);
    if (found.kind === 'works') return found;
    reasons.push(found.why);
  }
  return { kind: 'missing', why: reasons.join(', and ') };
}

async function probeEngine(
  name: 'docker' | 'podman',
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ContainerSupport> {
  const program = findProgram(name, environment['PATH'] ?? '');
  if (program === null) return { kind: 'missing', why: `${name} is not installed` };
  const asked = { program, environment: pick(environment) };
  const version = await ask(asked, ['--version']);
  // On many systems `docker` is a script that runs podman.
  const flavour = /^podman\b/iu.test(version.said) ? 'podman' : 'docker';
  const known = flavour === 'docker' ? await askDocker(asked) : await askPodman(asked);
  if (typeof known === 'string') return { kind: 'missing', why: `${name} does not work here: ${known}` };
  return { kind: 'works', ...asked, flavour, ...known };
}

type Asked = Pick<ContainerEngine, 'program' | 'environment'>;
type Known = Pick<ContainerEngine, 'rootless'> & { readonly what: string };

/** What it is; a text says why it is of no use. */
async function askDocker(engine: Asked): Promise<Known | string> {
  const answer = await ask(engine, ['info', '--format', '{{.ServerVersion}} {{json .SecurityOptions}}']);
  const [, version, options = ''] = /^(\d\S*) (.*)$/mu.exec(answer.said) ?? [];
  if (answer.code !== 0 || version === undefined) return whyOf(answer);
  if (options.includes('name=userns'))
    return 'it maps users (userns-remap), so that the files of a lane would be nobody’s';
  return { what: `docker ${version}`, rootless: options.includes('name=rootless') };
}

async function askPodman(engine: Asked): Promise<Known | string> {
  const answer = await ask(engine, ['info', '--format', '{{.Version.Version}} {{.Host.Security.Rootless}}']);
  const [, version, rootless] = /^(\d\S*) (true|false)$/mu.exec(answer.said) ?? [];
  if (answer.code !== 0 || version === undefined) return whyOf(answer);
  return { what: `podman ${version}`, rootless: rootless === 'true' };
}

function whyOf({ said }: EngineAnswer): string {
  const lines = said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*(?:null|\[\]|<no value>)?\s*$/u.test(line));
  return inertLine(lines.at(-1) ?? 'it does not answer', WHY_MAX);
}

function pick(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

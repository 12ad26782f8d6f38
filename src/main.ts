import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { EXIT } from './cli/context.ts';
import type { CommandContext, Compose, ExitCode, Reading, StatePlaces } from './cli/context.ts';
import { jsonError, wantsJson } from './cli/json-error.ts';
import { Output } from './cli/terminal/output.ts';
import { runQuick } from './cli/quick.ts';
import { namedSecrets } from './config/named-secrets.ts';
import { findPin } from './config/pin.ts';
import { pinnedVersion } from './config/pinned-version.ts';
import { makeStateDirectory, stateDirectory as directoryOf } from './config/state-directory.ts';
import { checkStateOwner, claimStateDirectory } from './config/state-owner.ts';
import type { Pin } from './config/pin.ts';
import type { Config } from './config/schema.ts';
import { inert } from './core/inert.ts';
import { inertJson } from './core/inert-json.ts';
import { machineError } from './core/machine-error.ts';
import { makeRedactor } from './core/redact.ts';
import { redactJson } from './core/redact-json.ts';
import type { SandboxSupport } from './core/sandbox-choice.ts';
import { isUserError, UserError } from './core/user-error.ts';
import { DEFAULT_RETRY_POLICY } from './core/task-state.ts';
import type { Mended } from './git/depot.ts';
import { locateRepository } from './git/locate.ts';
import type { Location } from './git/locate.ts';
import { systemClock } from './process/clock.ts';
import { openReader } from './store/sqlite-reader.ts';
import { closeInherited } from './process/inherited.ts';
import type { FindSandboxes } from './reconcile/settings.ts';
import type { LocalYard } from './reconcile/yard.ts';
import type { Store } from './store/store.ts';
import type { StoreUpgrade } from './store/upgrade.ts';

/*
 * Composition: the only file that builds the real implementations, and the start of every process of the package.
 * What a command does not need is not loaded.
 */

/** What this process was started by: of the built program `bin/yard.js`, which turns the compile cache on. */
const SELF: readonly string[] = [process.execPath, process.argv[1] ?? fileURLToPath(import.meta.url)];
const STORE_FILE = 'state.db';
const PIN_FILE = 'current-pin';

/** Of this process: what it keeps or shows passes it. It learns the secrets with the configuration. */
const redactor = makeRedactor([]);
const redact = (text: string): string => redactor.text(text);

function hideSecretsOf(config: Config, environment: CommandContext['env']): void {
  // A configuration that an older version has pinned names none.
  if ('secrets' in config) redactor.know(namedSecrets(config, environment));
}

/** For processes that write: what they are told by others may hold secrets that nobody has named. */
async function searchByRules(): Promise<void> {
  const { scanner } = await import('./process/secret-scanner.ts');
  redactor.searchBy(scanner());
}

/** Null: another version carries it out, in this process, and says how it ended. */
async function main(args: readonly string[]): Promise<ExitCode | null> {
  const [command, ...rest] = args;
  switch (command) {
    case 'attempt':
      return attemptProcess(rest);
    case 'train':
      return trainProcess(rest);
    case 'replay-steps':
      return replayProcess(rest);
    case '_egress':
      return bridgeProcess(rest);
    case '_tools':
      return toolsProcess(rest);
    default:
      return commandLine(args);
  }
}

async function commandLine(args: readonly string[]): Promise<ExitCode | null> {
  const output = new Output(process.stdout, process.stderr, process.env, redactor);
  const compose = composeWith(process.env);
  const context: CommandContext = { cwd: process.cwd(), env: process.env, output, compose, stdin: process.stdin };
  try {
    const other = await versionFor(args);
    if (other !== null) {
      await startOther(other);
      return null;
    }
    const done = await runQuick(context, args);
    if (done !== null) return done;
    const { runProgram } = await import('./cli/program.ts');
    return await runProgram(context, args.length === 0 ? ['--help'] : args, packageVersion());
  } catch (error) {
    const told = isUserError(error) ? error : machineError(error);
    if (told === null) throw error;
    output.error(told);
    if (wantsJson(args)) output.json(jsonError(told));
    return told.exitCode as ExitCode;
  } finally {
    await output.flush();
  }
}

/** In this process, whoever started it did so once: a pin that two versions read differently leads nowhere. */
const IS_CHOSEN = Symbol.for('yardmaster.version-is-chosen');

/** The program of the version that this repository asks for; null: this one. */
async function versionFor(args: readonly string[]): Promise<string | null> {
  if (IS_CHOSEN in globalThis) return null;
  const root = locateRepository(process.cwd())?.root ?? null;
  if (root === null) return null;
  const pinned = await pinnedVersion(root, process.env);
  const own = packageVersion();
  if (pinned === null || pinned.version === own) return null;
  const { otherVersion } = await import('./cli/version/other-version.ts');
  return otherVersion(pinned, { args, environment: process.env, home: homedir(), root, own });
}

/** It finds itself by its name, as if it had been called. What it starts is of its version. */
async function startOther(script: string): Promise<void> {
  Object.assign(globalThis, { [IS_CHOSEN]: true });
  process.argv[1] = script;
  await import(pathToFileURL(script).href);
}

function composeWith(environment: CommandContext['env']): Compose {
  return {
    reading: (cwd) => reading(cwd, environment),
    yard: (cwd) => yard(cwd, environment),
    places: (commonDirectory) => Promise.resolve(places(commonDirectory, environment)),
    withEnvironment: composeWith,
    self: SELF,
    get version() {
      return packageVersion();
    },
    clock: systemClock,
  };
}

async function reading(cwd: string, environment: CommandContext['env']): Promise<Reading> {
  const location = locateRepository(cwd) ?? (await askGit(cwd));
  const { directory: stateDirectory, storeFile } = places(location.commonDirectory, environment);
  await checkStateOwner(stateDirectory, location.commonDirectory);
  const reader = openReader(storeFile);
  if (reader === null) {
    const isConfigured = existsSync(join(location.root, '.yard/config.yaml'));
    throw new UserError({
      code: 'no-yard',
      message: isConfigured ? 'nothing has run yet' : `there is no yard for ${location.root} yet`,
      hint: isConfigured ? 'Start with: yard run' : 'Make one with: yard init, then: yard run',
    });
  }
  const { pin, pinnedMs } = currentPin(stateDirectory);
  if (pin !== null) hideSecretsOf(pin.config, environment);
  return { reader, location, stateDirectory, pin, pinnedMs };
}

function places(commonDirectory: string, environment: CommandContext['env']): StatePlaces {
  const directory = directoryOf({ commonDirectory, home: homedir(), environment });
  return { directory, storeFile: join(directory, STORE_FILE) };
}

/** Where our own look at git's files is not enough, or says that there is nothing: git knows, and says why. */
async function askGit(cwd: string): Promise<Location> {
  const { findRepository } = await import('./git/repository.ts');
  return findRepository(cwd);
}

/** The configuration as the scheduler last took it: read without checking it again. */
function currentPin(directory: string): Pick<Reading, 'pin' | 'pinnedMs'> {
  const path = join(directory, PIN_FILE);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { pin: null, pinnedMs: null };
  const pin = findPin(directory, readFileSync(path, 'utf8').trim());
  return { pin, pinnedMs: pin === null ? null : stat.mtimeMs };
}

async function yard(cwd: string, environment: CommandContext['env']): Promise<LocalYard> {
  const [
    { findRepository },
    { SettingsSource },
    { openDepot },
    { syncTarget },
    { LocalTaskSource },
    { systemHost },
    { freeSpaceAt },
    { SupportFinder },
    { ContainerRegister },
  ] = await Promise.all([
    import('./git/repository.ts'),
    import('./reconcile/settings.ts'),
    import('./git/depot.ts'),
    import('./git/target-sync.ts'),
    import('./trackers/local-files.ts'),
    import('./process/host.ts'),
    import('./process/disk-space.ts'),
    import('./sandbox/find-support.ts'),
    import('./sandbox/container-register.ts'),
  ]);
  letCellsRead();
  const repository = await findRepository(cwd);
  const stateDirectory = directoryOf({ commonDirectory: repository.commonDirectory, home: homedir(), environment });
  await makeStateDirectory(stateDirectory);
  await claimStateDirectory(stateDirectory, repository.commonDirectory);
  const finder = new SupportFinder(environment, stateDirectory, true);
  const findSandboxes: FindSandboxes = (policies) => finder.find(policies);
  const pinFile = join(stateDirectory, PIN_FILE);
  const settings = new SettingsSource(repository, stateDirectory, environment, pinFile, findSandboxes);
  const { config } = await settings.current();
  let { retries } = config.limits;
  hideSecretsOf(config, environment);
  await searchByRules();
  const upgrade = await upgradeYardStore(stateDirectory);
  const store = await openYardStore(stateDirectory, () => retries);
  if (upgrade !== null) await store.note('yard.migrated', { ...upgrade });
  settings.onChange = (changed) => {
    ({ retries } = changed.config.limits);
    hideSecretsOf(changed.config, environment);
  };
  const depot = await openDepot(stateDirectory, repository.format, noteMended(store));
  return {
    store,
    host: systemHost(systemClock, new ContainerRegister(stateDirectory)),
    stateDirectory,
    settings,
    tracker: new LocalTaskSource(repository.root),
    syncTarget: (ref, known) => syncTarget({ repository, depot, ref }, known),
    freeSpace: () => ({ state: freeSpaceAt(stateDirectory), repository: freeSpaceAt(repository.commonDirectory) }),
    self: SELF,
    depot,
    redactor,
    repository,
  };
}

/** Work is started by who has looked what is to hold it. */
function supportOf({ sandboxes }: Pin): SandboxSupport {
  if (sandboxes === null) throw new Error('the pin does not say what holds the work: it is not one to work by');
  return sandboxes;
}

/**
 * Where root's cells run as another user, that user reads the depot's objects, and what is shared of a prewarm. The state
 * directory is closed to all others.
 */
function letCellsRead(): void {
  if (process.getuid?.() === 0) process.umask(0o022);
}

/** Before anybody opens it for writing: who works on a yard finds it in the format of its own version. */
async function upgradeYardStore(stateDirectory: string): Promise<StoreUpgrade | null> {
  const [{ upgradeStore }, { onlooker }] = await Promise.all([
    import('./store/upgrade.ts'),
    import('./process/onlooker.ts'),
  ]);
  return upgradeStore(join(stateDirectory, STORE_FILE), onlooker(systemClock));
}

async function openYardStore(stateDirectory: string, retries: () => number): Promise<Store> {
  const { openStore } = await import('./store/sqlite-store.ts');
  return openStore(join(stateDirectory, STORE_FILE), {
    clock: systemClock,
    policy: () => ({ ...DEFAULT_RETRY_POLICY, retries: retries() }),
    redactor,
  });
}

/** What is mended in passing is told in the yard's log. */
function noteMended(store: Store): (mended: Mended) => Promise<void> {
  return ({ what, path }) => store.note('yard.mended', { what, path });
}

/** `attempt <state> <task> <n> <token> <pin>`: dispatched by a scheduler, never typed. */
async function attemptProcess(args: readonly string[]): Promise<ExitCode> {
  closeInherited();
  const [stateDirectory = '', taskId = '', attempt = '', token = '', pinHash = ''] = args;
  letCellsRead();
  const [
    { readPin },
    { runAttempt },
    { localWork },
    { Evidence },
    { openDepot },
    { makeAgent },
    { attemptMarker },
    { systemHost },
    { Cells },
    { ContainerRegister },
  ] = await Promise.all([
    import('./config/pin.ts'),
    import('./attempt/run-attempt.ts'),
    import('./attempt/local-work.ts'),
    import('./attempt/evidence.ts'),
    import('./git/depot.ts'),
    import('./agents/registry.ts'),
    import('./core/marker.ts'),
    import('./process/host.ts'),
    import('./sandbox/cells.ts'),
    import('./sandbox/container-register.ts'),
  ]);
  const pin = readPin(stateDirectory, pinHash);
  hideSecretsOf(pin.config, process.env);
  await searchByRules();
  const store = await openYardStore(stateDirectory, () => pin.config.limits.retries);
  try {
    const lease = {
      store,
      taskId,
      attempt: Number(attempt),
      fence: { resource: `task:${taskId}`, token: Number(token) },
      marker: attemptMarker(stateDirectory, taskId, Number(attempt), Number(token)),
    } as const;
    const surroundings = {
      clock: systemClock,
      depot: await openDepot(stateDirectory, pin.repository.format, noteMended(store)),
      stateDirectory,
      pin,
      cells: new Cells({ stateDirectory, repository: pin.repository, support: supportOf(pin), self: SELF, redact }),
      redactor,
      agentSpec: await agentOfAttempt(store, taskId, Number(attempt)),
      agentFor: (spec: string) => makeAgent(spec, { ...pin.config, recipes: pin.recipes, self: SELF }),
      evidence: await Evidence.create(stateDirectory, taskId, Number(attempt), redactor),
    };
    const end = await runAttempt({
      ...lease,
      host: systemHost(systemClock, new ContainerRegister(stateDirectory)),
      killGraceMs: pin.config.limits.killGraceMs,
      work: (signal) => localWork({ ...lease, ...surroundings, signal }),
    });
    return end === 'finished' ? EXIT.ok : EXIT.failed;
  } finally {
    await store.close();
  }
}

/** The one that the scheduler chose when it made the attempt. */
async function agentOfAttempt(store: Pick<Store, 'attempts'>, taskId: string, attempt: number): Promise<string> {
  const record = (await store.attempts(taskId)).find((one) => one.attempt === attempt);
  return record?.agent ?? '';
}

/** `train <state> <pin>`: started by a scheduler, never typed. */
async function trainProcess(args: readonly string[]): Promise<ExitCode> {
  closeInherited();
  const [stateDirectory = '', pinHash = ''] = args;
  letCellsRead();
  const [
    { readPin },
    { runTrain },
    { localTrain },
    { openDepot },
    { toRefName },
    { systemHost },
    { Cells },
    { ContainerRegister },
  ] = await Promise.all([
    import('./config/pin.ts'),
    import('./train/run-train.ts'),
    import('./train/local-train.ts'),
    import('./git/depot.ts'),
    import('./git/repository.ts'),
    import('./process/host.ts'),
    import('./sandbox/cells.ts'),
    import('./sandbox/container-register.ts'),
  ]);
  const pin = readPin(stateDirectory, pinHash);
  hideSecretsOf(pin.config, process.env);
  await searchByRules();
  const store = await openYardStore(stateDirectory, () => pin.config.limits.retries);
  try {
    const host = systemHost(systemClock, new ContainerRegister(stateDirectory));
    const target = toRefName(pin.config.target);
    const cells = new Cells({
      stateDirectory,
      repository: pin.repository,
      support: supportOf(pin),
      self: SELF,
      redact,
    });
    const depot = await openDepot(stateDirectory, pin.repository.format, noteMended(store));
    const repository = { ...pin.repository, shallow: false };
    const end = await runTrain({
      store,
      host,
      target,
      isCurrent: () => readFileSync(join(stateDirectory, PIN_FILE), 'utf8').trim() === pinHash,
      work: (lease) =>
        localTrain({ ...lease, store, host, target, depot, repository, stateDirectory, pin, cells, redactor }),
    });
    if (end.kind !== 'no-room') return EXIT.ok;
    process.stderr.write(redactor.text(`nothing can land for now: ${end.why}\n`));
    return EXIT.failed;
  } finally {
    await store.close();
  }
}

/** `replay-steps <file>`: the program behind the replay agent. */
async function replayProcess([stepsFile = '']: readonly string[]): Promise<ExitCode> {
  const { playSteps } = await import('./agents/replay-steps.ts');
  const code = await playSteps(stepsFile, {
    say: (line) => process.stdout.write(`${line}\n`),
    resultFile: process.env['YARD_RESULT'],
  });
  return code === 0 ? EXIT.ok : EXIT.failed;
}

/** `_egress <socket> -- <program> <args…>`: started in a cell, in front of the command that the cell is for. */
async function bridgeProcess(args: readonly string[]): Promise<ExitCode> {
  const { endAs, readBridge, runBridge } = await import('./sandbox/egress-bridge.ts');
  const bridge = readBridge(args);
  if (bridge === null) throw new Error('usage: yard _egress SOCKET -- PROGRAM [ARGUMENT…]');
  return endAs(await runBridge(bridge, process.env, (line) => process.stderr.write(`${line}\n`)));
}

/** `_tools <socket>`: started in a cell by an agent's program, as the server of its tools. The key is in the environment. */
async function toolsProcess([socketPath, ...more]: readonly string[]): Promise<never> {
  const { runToolBridge, TOOLS_KEY } = await import('./agents/tools/tool-bridge.ts');
  const key = process.env[TOOLS_KEY];
  if (socketPath === undefined || more.length > 0 || key === undefined) {
    throw new Error(`usage: ${TOOLS_KEY}=KEY yard _tools SOCKET`);
  }
  // Its own streams would keep it alive.
  process.exit(await runToolBridge(socketPath, key, process, (line) => process.stderr.write(`${line}\n`)));
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

// What nobody caught ends the process as Node would, but for what it prints.
process.on('uncaughtException', (error) => {
  process.exit(tellOf(error));
});

try {
  const code = await main(process.argv.slice(2));
  if (code !== null) process.exitCode = code;
} catch (error) {
  process.exitCode = tellOf(error);
}

function tellOf(error: unknown): ExitCode {
  const told = isUserError(error) ? error : machineError(error);
  // Everything else is a bug of ours: its stack is what we need to see.
  const bug = `internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`;
  process.stderr.write(redactor.text(inert(told === null ? `${bug}\n` : `${told.message}\n${told.hint ?? ''}\n`)));
  if (wantsJson(process.argv.slice(2))) process.stdout.write(`${jsonOf(error, told)}\n`);
  return told === null ? EXIT.bug : (told.exitCode as ExitCode);
}

function jsonOf(error: unknown, told: UserError | null): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = 'It is a bug of ours: please report it, with the stack on stderr.';
  const value = jsonError(told ?? { code: 'internal', message, hint });
  return inertJson(redactJson(JSON.stringify(value), redact));
}

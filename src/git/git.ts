import { existsSync } from 'node:fs';

import type { MachineFault } from '../core/machine-fault.ts';
import { faultOf, faultOfCode } from '../core/machine-fault.ts';
import { UserError } from '../core/user-error.ts';
import { absolutePath } from '../process/environment.ts';
import type { Owner } from '../process/owner.ts';
import { runProcess } from '../process/run.ts';
import type { RunOptions, StartedProcess } from '../process/run.ts';
import { failpoint } from '../process/failpoint.ts';
import { MARKER_VARIABLE } from '../process/table.ts';

/** One call of git. There is no other way to git in Yardmaster. */
export interface GitCall {
  /** Repository to work on; null lets git find it from `cwd` (the operator's own repository only). */
  readonly gitDir: string | null;
  readonly cwd?: string;
  readonly workTree?: string;
  readonly indexFile?: string;
  /** Where objects are read and written, instead of in `gitDir`. */
  readonly objectDirectory?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers; every other one throws {@link GitError}. 0 unless said. */
  readonly answers?: readonly number[];
  readonly timeoutMs?: number;
  /** False where losing the result in a power cut costs nothing (lanes, slots). */
  readonly durable?: boolean;
  readonly maxOutputBytes?: number;
  /** More output than that is cut out of the middle, where it would otherwise be an error. */
  readonly mayCut?: boolean;
  readonly signal?: AbortSignal;
  /** Whom the files that it makes belong to, where that is not us. */
  readonly owner?: Owner | null;
  /** In place of `input`: talks with git while it runs. It must end the input. */
  readonly dialogue?: {
    readonly started: (io: StartedProcess) => void;
    readonly output: (text: string) => void;
  };
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** git said no, died, or could not be started. Callers that can mend it match `exitCode` and the call they made. */
export class GitError extends Error {
  readonly code = 'git-failed';
  readonly exitCode: number | null;
  readonly stderr: string;
  /** What the machine failed it with, if so. */
  readonly fault: MachineFault | null;
  /** What somebody ended it with; null: it ended otherwise. */
  readonly signal: NodeJS.Signals | null;

  constructor(
    args: readonly string[],
    exitCode: number | null,
    stderr: string,
    fault = faultIn(stderr),
    signal: NodeJS.Signals | null = null,
  ) {
    super(
      `git ${commandOf(args)} ${exitCode === null ? 'did not finish' : `exited with ${exitCode}`}: ${stderr.trim()}`,
    );
    this.name = 'GitError';
    this.exitCode = exitCode;
    this.stderr = stderr;
    this.fault = fault;
    this.signal = signal;
  }
}

/** The subcommand, behind the settings of this call. */
function commandOf(args: readonly string[]): string {
  return args.find((arg, index) => !arg.startsWith('-') && args[index - 1] !== '-c') ?? '';
}

/** By these git dies of itself: of a bug that what it read has hit. */
const CRASHES: ReadonlySet<string> = new Set(['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV']);

/** Somebody ended git, which says nothing of what it worked on. */
export function wasKilled(error: unknown): boolean {
  return error instanceof GitError && error.signal !== null && !CRASHES.has(error.signal);
}

/** git has one exit code for everything; of the system's errors it passes on the text, untranslated (`LC_ALL=C`). */
const FAULT_TEXTS: readonly (readonly [RegExp, MachineFault])[] = [
  [/input\/output error|fsync error/i, 'disk-broken'],
  [/no space left on device|disk quota exceeded/i, 'disk-full'],
  [
    /too many open files|resource temporarily unavailable|cannot allocate memory|out of memory|unable to create thread/i,
    'exhausted',
  ],
];

function faultIn(stderr: string): MachineFault | null {
  return FAULT_TEXTS.find(([pattern]) => pattern.test(stderr))?.[1] ?? null;
}

/**
 * Whatever a repository's configuration names, these calls run none of it: no hooks, no fsmonitor, no helpers, no
 * transport but local files. Drivers (filter, merge, diff) have names without bound and cannot be switched off here;
 * they are kept out by never running git over files or configuration that an agent has touched.
 */
const HARDENED = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'core.pager=cat',
  'core.editor=true',
  'core.sshCommand=false',
  'core.quotePath=false',
  'credential.helper=',
  'commit.gpgSign=false',
  'tag.gpgSign=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'rerere.enabled=false',
  'log.showSignature=false',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);

const DURABLE = ['-c', 'core.fsync=all', '-c', 'core.fsyncMethod=fsync'];

const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;
const TIMEOUT_MS = 30 * 60_000;
const DIED = 128;

/** Runs git to its end. Throws {@link GitError} for an exit code that is not among the answers. */
export async function git(args: readonly string[], call: GitCall): Promise<GitAnswer> {
  const cwd = call.cwd ?? call.workTree ?? call.gitDir ?? '/';
  const maxOutputBytes = call.maxOutputBytes ?? OUTPUT_BYTES_MAX;
  gitFailpoint(args, 'before');
  const result = await runProcess('git', [...HARDENED, ...(call.durable === false ? [] : DURABLE), ...args], {
    cwd,
    env: environmentOf(call),
    session: false,
    timeoutMs: call.timeoutMs ?? TIMEOUT_MS,
    maxOutputBytes,
    ...(call.input === undefined ? {} : { input: call.input }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    ...(call.owner ? { owner: call.owner } : {}),
    ...(call.dialogue === undefined ? {} : talk(call.dialogue)),
  });
  const stderr = result.stderr.toString('utf8');
  if (result.kind === 'spawn-failed') {
    if (!existsSync(cwd)) throw new GitError(args, null, `there is no directory ${cwd}`);
    const fault = faultOfCode(result.errorCode);
    if (fault !== null) throw new GitError(args, null, result.message, fault);
    throw call.owner ? setprivMissing(result.errorCode) : gitMissing(result.errorCode);
  }
  if (result.kind === 'signalled') {
    throw new GitError(args, null, `ended by ${result.signal}; ${stderr}`, faultIn(stderr), result.signal);
  }
  if (result.kind !== 'exited') throw new GitError(args, null, `${result.kind}; ${stderr}`);
  if (result.stdoutTruncated && call.mayCut !== true) {
    throw new GitError(args, null, `more than ${maxOutputBytes} bytes of output`);
  }
  // Of these codes git dies: where the machine was why, that is no answer, whatever else the caller takes for one.
  const isFault = result.code >= DIED && faultIn(stderr) !== null;
  if (isFault || !(call.answers ?? [0]).includes(result.code)) throw new GitError(args, result.code, stderr);
  gitFailpoint(args, 'after');
  return { code: result.code, stdout: result.stdout, stderr };
}

function talk({ started, output }: NonNullable<GitCall['dialogue']>): Partial<RunOptions> {
  return {
    holdInput: true,
    onStarted: started,
    onOutput: (chunk, stream) => {
      if (stream === 'stdout') output(chunk.toString('latin1'));
    },
  };
}

/** As {@link git}, for one line of text. */
export async function gitLine(args: readonly string[], call: GitCall): Promise<string> {
  const { stdout } = await git(args, call);
  return stdout.toString('utf8').trimEnd();
}

/** Calls that change nothing need no failpoint: git may die in them without a trace. */
const READING: ReadonlySet<string> = new Set([
  'cat-file',
  'check-ignore',
  'config',
  'diff',
  'diff-tree',
  'for-each-ref',
  'fsck',
  'log',
  'ls-files',
  'ls-tree',
  'merge-base',
  'rev-list',
  'rev-parse',
  'show',
  'status',
  'symbolic-ref',
  'version',
]);

/** A fault asked for here looks like git's own. */
function gitFailpoint(args: readonly string[], moment: 'before' | 'after'): void {
  const command = commandOf(args);
  if (READING.has(command)) return;
  try {
    failpoint(`git.${command}:${moment}`);
  } catch (error) {
    throw new GitError(args, 128, error instanceof Error ? error.message : String(error), faultOf(error));
  }
}

function environmentOf(call: GitCall): Record<string, string> {
  const own = call.gitDir !== null;
  // Whoever ends the attempt or the train that this process is ends its gits with it.
  const marker = process.env[MARKER_VARIABLE];
  return {
    ...(marker === undefined ? {} : { [MARKER_VARIABLE]: marker }),
    PATH: absolutePath(process.env['PATH'] ?? ''),
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    // Unlike `protocol.allow`, this is not outdone by a `protocol.ext.allow` in the repository.
    GIT_ALLOW_PROTOCOL: 'file',
    ...(own ? { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', HOME: '/nonexistent' } : operatorSettings()),
    ...(call.gitDir === null ? {} : { GIT_DIR: call.gitDir }),
    ...(call.workTree === undefined ? {} : { GIT_WORK_TREE: call.workTree }),
    ...(call.indexFile === undefined ? {} : { GIT_INDEX_FILE: call.indexFile }),
    ...(call.objectDirectory === undefined ? {} : { GIT_OBJECT_DIRECTORY: call.objectDirectory }),
    ...call.env,
  };
}

/** Finding the operator's repository honours their own configuration (`safe.directory` above all). */
function operatorSettings(): Record<string, string> {
  const settings: Record<string, string> = { HOME: '/', XDG_CONFIG_HOME: '' };
  for (const [name, value] of Object.entries(process.env)) {
    const isSetting = /^(?:HOME|XDG_CONFIG_HOME|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|(?:KEY|VALUE)_\d+))$/.test(
      name,
    );
    if (isSetting && value !== undefined) settings[name] = value;
  }
  return settings;
}

function gitMissing(code: string): UserError {
  return new UserError({
    code: 'git-missing',
    message: `git could not be started (${code})`,
    hint: 'Install git 2.39.4 or newer and make sure that it is on PATH.',
  });
}

function setprivMissing(code: string): UserError {
  return new UserError({
    code: 'setpriv-missing',
    message: `setpriv could not be started (${code}): files cannot be made for the user that agents and gates run as`,
    hint: 'Install util-linux, or run yard as another user than root.',
  });
}

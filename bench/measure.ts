import { spawnSync } from 'node:child_process';

/** One run of a command. */
export interface Sample {
  readonly wallMs: number;
  /** Of the command and of every descendant that was waited for; resolution 10 ms. Less shaken by what else runs. */
  readonly cpuMs: number;
  readonly stdout: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Exit codes that are right; 0 unless said. */
  readonly answers?: readonly number[];
}

/** Runs a command to its end; throws, with what it said, when it fails. */
export function run(command: readonly string[], { cwd, env, answers = [0] }: CommandOptions): Sample {
  const [file = '', ...args] = command;
  const startedMs = performance.now();
  const result = spawnSync(file, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const wallMs = performance.now() - startedMs;
  if (result.error !== undefined) throw result.error;
  if (!answers.includes(result.status ?? -1)) {
    throw new Error(`${command.join(' ')} exited with ${result.status}:\n${result.stderr}\n${result.stdout}`);
  }
  return { wallMs, cpuMs: 0, stdout: result.stdout };
}

/** As {@link run}, with the processor time of the whole tree. What the command prints is not kept. */
export function runCounted(command: readonly string[], options: CommandOptions): Sample {
  // `times` prints two lines: the shell's own user and system time, and that of its children.
  const shell = ['/bin/sh', '-c', '"$@" > /dev/null; code=$?; times; exit $code', 'sh', ...command];
  const sample = run(shell, options);
  const cpuMs = [...sample.stdout.matchAll(/(\d+)m([\d.]+)s/g)]
    .map(([, minutes, seconds]) => (Number(minutes) * 60 + Number(seconds)) * 1000)
    .reduce((sum, ms) => sum + ms, 0);
  return { ...sample, cpuMs };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of the ratios within each pair: what shakes the machine shakes both of a pair. */
export function medianRatio(of: readonly number[], over: readonly number[]): number {
  return median(of.map((value, index) => value / (over[index] ?? Number.NaN)));
}

/** Runs all commands in turn, `rounds` times, after one round that is not counted. The wall times of each, in ms. */
export function inTurn(
  rounds: number,
  commands: readonly (readonly string[])[],
  options: CommandOptions,
): { readonly wallMs: readonly number[]; readonly stdoutBytes: number }[] {
  const all = commands.map(() => ({ wallMs: [] as number[], stdoutBytes: 0 }));
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, command] of commands.entries()) {
      const sample = run(command, options);
      const entry = all[index];
      if (entry === undefined) continue;
      entry.stdoutBytes = sample.stdout.length;
      if (round >= 0) entry.wallMs.push(sample.wallMs);
    }
  }
  return all;
}

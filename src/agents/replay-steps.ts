import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { impossible } from '../core/impossible.ts';
import { errnoOf } from '../process/errno.ts';
import { runProcess } from '../process/run.ts';
import type { Step } from './recipe.ts';

/**
 * The program behind the replay agent: plays the steps of a file in the current directory, as a coding agent would
 * work there. Returns its exit code.
 */
export async function playSteps(
  stepsFile: string,
  io: { readonly say: (line: string) => void; readonly resultFile: string | undefined },
): Promise<number> {
  const steps = JSON.parse(await readFile(stepsFile, 'utf8')) as Step[];
  for (const step of steps) {
    const code = await play(step, io);
    if (code !== null) return code;
  }
  return 0;
}

/** Null goes on; a number ends the program with it. */
async function play(
  step: Step,
  io: { readonly say: (line: string) => void; readonly resultFile: string | undefined },
): Promise<number | null> {
  switch (step.kind) {
    case 'write':
      io.say(`write ${step.path}`);
      await mkdir(dirname(inside(step.path)), { recursive: true });
      await writeFile(inside(step.path), step.content);
      return null;
    case 'patch':
      io.say(`patch ${step.path}`);
      return patch(step, io.say);
    case 'delete':
      io.say(`delete ${step.path}`);
      await rm(inside(step.path), { recursive: true, force: true });
      return null;
    case 'run':
      io.say(`run ${step.command}`);
      return runStep(step.command, io.say);
    case 'sleep':
      await delay(step.ms);
      return null;
    case 'ask':
      if (io.resultFile === undefined) throw new Error('YARD_RESULT is not set: there is nobody to ask');
      await writeFile(io.resultFile, JSON.stringify({ question: step.question }));
      return 0;
    case 'say':
      io.say(step.text);
      return null;
    case 'fail':
      io.say(step.message);
      return 1;
    default:
      throw impossible(step satisfies never);
  }
}

async function patch(step: Step & { kind: 'patch' }, say: (line: string) => void): Promise<number | null> {
  const before = await readFile(inside(step.path), 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EISDIR') return '';
    throw error;
  });
  if (!before.includes(step.find)) {
    say(`${step.path} does not hold ${JSON.stringify(step.find)}`);
    return 1;
  }
  await writeFile(
    inside(step.path),
    before.replace(step.find, () => step.replace),
  );
  return null;
}

async function runStep(command: string, say: (line: string) => void): Promise<number | null> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  const result = await runProcess('/bin/sh', ['-c', command], {
    cwd: process.cwd(),
    // It stands for the agent itself, which was given this environment.
    env: environment,
    session: false,
  });
  for (const line of Buffer.concat([result.stdout, result.stderr]).toString('utf8').split('\n')) if (line) say(line);
  return result.kind === 'exited' && result.code === 0 ? null : 1;
}

function inside(path: string): string {
  const absolute = resolve(path);
  if (relative(process.cwd(), absolute).startsWith('..')) throw new Error(`${path} leads out of the lane`);
  return absolute;
}

import { describePauseSubject, pauseKey, resumeCommand as commandToResume } from '../../core/pause.ts';
import type { Pause, PauseSubject } from '../../core/pause.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import { nearest } from '../../core/nearest.ts';
import type { Config } from '../../config/schema.ts';
import { resolve, setRefs } from '../../git/depot.ts';
import { toRefName } from '../../git/repository.ts';
import { readTarget } from '../../git/target.ts';
import { fetchIntoDepot, TARGET_RECORD } from '../../git/target-sync.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { schedulerPid } from '../schedule/scheduler.ts';
import { checkWhy } from '../tasks/on-tasks.ts';

/** `yard pause [area NAME|agent NAME|train]`: holds what is meant until it is resumed; a run goes on and waits. */
export async function pauseCommand(
  context: CommandContext,
  words: readonly string[],
  options: { readonly why?: string; readonly json?: boolean },
): Promise<ExitCode> {
  checkWhy(options.why);
  const subject = parseSubject('pause', words);
  const yard = await context.compose.yard(context.cwd);
  try {
    const { config } = await yard.settings.current();
    const areas = (await yard.store.rows()).flatMap(({ area }) => (area === null ? [] : [area]));
    refuseUnknown(subject, config, areas);
    const before = (await pausesOf(yard)).find((pause) => pauseKey(pause.subject) === pauseKey(subject));
    const isNews = before === undefined || options.why !== undefined;
    const why = options.why ?? `yard pause${subject.of === 'all' ? '' : ` ${words.join(' ')}`}`;
    if (isNews) await yard.store.pause(subject, 'the operator', why);
    if (options.json === true) {
      context.output.json({ paused: asJson(await pausesOf(yard)), already: before !== undefined });
    } else {
      context.output.print(
        isNews ? `${sentence(subject)}. Go on with: ${commandToResume(subject)}` : `already so: ${stillHeld(before)}`,
      );
    }
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

/**
 * `yard resume [area NAME|agent NAME|train]`: takes that pause away; alone, the stop and the pause of the whole yard, and
 * forgets failures in a row, and accepts the target as it stands.
 */
export async function resumeCommand(
  context: CommandContext,
  words: readonly string[],
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const subject = parseSubject('resume', words);
  const yard = await context.compose.yard(context.cwd);
  try {
    const { stopped, failuresInARow } = await yard.store.control();
    const wasPaused = await yard.store.unpause(subject);
    const lines: string[] = [];
    if (subject.of === 'all') {
      await yard.store.resume();
      const moved = await acceptTarget(yard);
      if (moved !== null) lines.push(`the target is accepted as it stands now: ${moved}`);
      const wasFree = !wasPaused && stopped === null && failuresInARow === 0 && moved === null;
      const pid = schedulerPid(await yard.store.leases(), yard.host.clock);
      const then = pid === null ? 'the yard may go on: yard run' : `the run goes on (process ${pid})`;
      lines.push(`${wasFree ? 'it was not stopped; ' : ''}${then}`);
    } else {
      lines.push(`${describePauseSubject(subject)} ${wasPaused ? 'goes on' : 'was not paused'}`);
    }
    const left = await pausesOf(yard);
    for (const pause of left) lines.push(stillHeld(pause));
    if (options.json === true) context.output.json({ wasPaused, wasStopped: stopped !== null, paused: asJson(left) });
    else for (const line of lines) context.output.print(line);
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

/** What is held, and what gives it back. */
export function stillHeld({ subject, by, why }: Pause): string {
  return `${describePauseSubject(subject)} is paused by ${inertLine(by, 80)} (${inertLine(why, 200)}). Go on with: ${commandToResume(subject)}`;
}

function parseSubject(verb: string, words: readonly string[]): PauseSubject {
  const [of, name, ...rest] = words;
  if (of === undefined) return { of: 'all' };
  if (of === 'train' && name === undefined) return { of };
  if ((of === 'area' || of === 'agent') && name !== undefined && name !== '' && rest.length === 0) return { of, name };
  throw new UserError({
    code: 'no-such-subject',
    message: `${JSON.stringify(words.join(' '))} is nothing that can be paused`,
    hint: `Say: yard ${verb}, yard ${verb} train, yard ${verb} area NAME, or yard ${verb} agent NAME`,
  });
}

/** A pause of something misspelt would hold nothing. */
function refuseUnknown(subject: PauseSubject, config: Config, areas: readonly string[]): void {
  if (subject.of !== 'area' && subject.of !== 'agent') return;
  const known = subject.of === 'agent' ? Object.keys(config.agents) : [...Object.keys(config.areas), ...areas];
  if (known.includes(subject.name)) return;
  const near = nearest(subject.name, known);
  throw new UserError({
    code: `no-such-${subject.of}`,
    message: `there is no ${subject.of} ${JSON.stringify(subject.name)}`,
    hint:
      near === null
        ? `Known: ${[...new Set(known)].join(', ') || 'none'}`
        : `Did you mean ${near}? Known: ${[...new Set(known)].join(', ')}`,
  });
}

function sentence(subject: PauseSubject): string {
  const name = describePauseSubject(subject);
  if (subject.of === 'train') return `${name} is paused: nothing more lands; what is landing this moment does`;
  const what = subject.of === 'all' ? 'nothing new starts' : 'nothing new of it starts';
  return `${name} is paused: ${what}; what runs comes to its end, and lands`;
}

async function pausesOf({ store }: LocalYard): Promise<readonly Pause[]> {
  return (await store.control()).pauses;
}

function asJson(pauses: readonly Pause[]): object[] {
  return pauses.map(({ subject, by, why, atMs }) => ({ ...subject, by, why, atMs }));
}

/** A target that was moved back or deleted is followed only here, on a person's word. */
async function acceptTarget({ settings, repository, depot }: LocalYard): Promise<string | null> {
  const { config } = await settings.current();
  const known = await resolve(depot, TARGET_RECORD);
  const state = await readTarget(repository, toRefName(config.target));
  if (known === null || state.kind === 'symbolic') return null;
  if (state.kind === 'missing') {
    await setRefs(depot, { [TARGET_RECORD]: null });
    return 'it does not exist, and is created again at the next run';
  }
  if (state.commit === known) return null;
  await fetchIntoDepot(depot, repository, state.commit);
  await setRefs(depot, { [TARGET_RECORD]: state.commit });
  return state.commit.slice(0, 12);
}

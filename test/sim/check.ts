import { checkRecord } from './check-record.ts';
import type { Played, Violation } from './played.ts';

/** Methods that hand a lease to somebody: under a token that nobody had before. */
const HANDS_OUT: ReadonlySet<string> = new Set(['acquire', 'dispatch']);

/** What the history of a simulated yard breaks. */
export async function checkPlayed(played: Played): Promise<Violation[]> {
  return [
    ...checkTarget(played),
    ...(await checkLandings(played)),
    ...checkTokens(played),
    ...checkLanes(played),
    ...(await checkRecord(played)),
    ...(await checkEnd(played)),
    ...played.machine.crashes.map((why) => ({ promise: 'P5', why: `a process crashed by itself: ${why}` }) as const),
  ];
}

/** P2: each move is from where the target stood, to a tree that was found green before. */
function checkTarget({ world, first }: Played): Violation[] {
  const violations: Violation[] = [];
  const green = new Set<string>();
  let target = first;
  for (const seen of world.observations) {
    if (seen.kind === 'verdict') green.add(seen.tree);
    if (seen.kind !== 'target-moved') continue;
    if (seen.from !== target)
      violations.push({ promise: 'P2', why: `moved from ${seen.from}, but it stood at ${target}` });
    target = seen.to;
    if (seen.by !== 'person' && !(green.has(seen.tree) && isHealthyTree(seen.tree))) {
      violations.push({ promise: 'P2', why: `${seen.to} landed without a green verdict on its tree` });
    }
  }
  return violations;
}

/** The gate's own rule, applied to a tree once more: a verdict may lie. */
function isHealthyTree(tree: string): boolean {
  const values = (JSON.parse(tree) as [string, string][]).map(([, value]) => value);
  return !values.some((value) => value.startsWith('bad')) && !(values.includes('left') && values.includes('right'));
}

/** P3: each task moved the target once at most, never after it was cancelled, and the store says the same. */
async function checkLandings({ store, world }: Played): Promise<Violation[]> {
  const violations: Violation[] = [];
  const taskOf = new Map<string, string>();
  for (const { type, taskId, data } of await store.events({ limit: 1_000_000 })) {
    if (type !== 'landing.opened' || taskId === null) continue;
    taskOf.set((data as { readonly newCommit: string }).newCommit, taskId);
  }
  const landings = new Map<string, number>();
  for (const seen of world.observations) {
    if (seen.kind !== 'target-moved' || seen.by === 'person') continue;
    const taskId = taskOf.get(seen.to);
    if (taskId === undefined) violations.push({ promise: 'P3', why: `${seen.to} landed without an intent` });
    else landings.set(taskId, (landings.get(taskId) ?? 0) + 1);
  }
  for (const { id, state } of await store.rows()) {
    const times = landings.get(id) ?? 0;
    const expected = state.status === 'landed' ? 1 : 0;
    if (times !== expected)
      violations.push({ promise: 'P3', why: `${id} is ${state.status}, and landed ${times} times` });
  }
  return violations;
}

/** P4: whoever wrote held the lease that they went by, at that very moment; tokens only grow, and none is given twice. */
function checkTokens({ records }: Played): Violation[] {
  const violations: Violation[] = [];
  const held = new Map<string, { readonly token: number; readonly held: boolean }>();
  for (const record of records) {
    if (record.kind !== 'commit') continue;
    for (const { resource, token } of record.fences) {
      const lease = held.get(resource);
      if (lease?.held === true && lease.token === token) continue;
      violations.push({
        promise: 'P4',
        why: `${record.method} was taken with the outdated token ${token} of ${resource}`,
      });
    }
    for (const lease of record.leases) {
      const before = held.get(lease.resource);
      const isHandedOut = lease.held && (before?.held !== true || HANDS_OUT.has(record.method));
      if (lease.token < (before?.token ?? 0)) {
        violations.push({ promise: 'P4', why: `the token of ${lease.resource} went back to ${lease.token}` });
      } else if (isHandedOut && lease.token === before?.token) {
        violations.push({ promise: 'P4', why: `the token ${lease.token} of ${lease.resource} was given out twice` });
      }
      held.set(lease.resource, lease);
    }
  }
  return violations;
}

/** P8: whose lease is over is dead before another one works in the same lane. */
function checkLanes({ world }: Played): Violation[] {
  return world.observations.flatMap((seen) =>
    seen.kind === 'lane-shared'
      ? [
          {
            promise: 'P8',
            why: `agents of ${seen.tokens.join(' and ')} write to the lane of ${seen.taskId} at once`,
          } as const,
        ]
      : [],
  );
}

/** P5 and P8: all came to an end, and nothing is left running, held or open. */
async function checkEnd({ store, machine, isDone }: Played): Promise<Violation[]> {
  if (!isDone) {
    const open = (await store.rows()).map(({ id, state }) => `${id} ${state.status}`);
    return [{ promise: 'P5', why: `it never came to rest: ${open.join(', ')}` }];
  }
  const violations: Violation[] = [];
  const intents = await store.openIntents();
  if (intents.length > 0) violations.push({ promise: 'P5', why: `open intents: ${JSON.stringify(intents)}` });
  const left = machine.alive.filter(({ isPerson }) => !isPerson).map(({ role }) => role);
  if (left.length > 0) violations.push({ promise: 'P8', why: `still running at the end: ${left.join(', ')}` });
  return violations;
}

import { join } from 'node:path';

import type { Agent, Turn } from '../agents/agent.ts';
import type { OpenTools } from '../agents/tools/open-issue-tools.ts';
import { isProgramKind } from '../core/agent-kind.ts';
import type { CellPolicy } from '../core/cell-policy.ts';
import { FINAL_MESSAGE_SCHEMA } from '../core/final-message.ts';
import type { Reporting } from '../core/prompt-report.ts';
import { mkdir } from '../process/file-system.ts';
import type { Cells } from '../sandbox/cells.ts';

/** What a turn of an implementer is taken in: of an attempt, or of a probe. */
export interface TurnPlace {
  readonly agent: Agent;
  readonly cells: Cells;
  readonly policy: CellPolicy;
  /** The lane. */
  readonly directory: string;
  readonly layers?: Parameters<Cells['enter']>[1]['layers'];
  readonly outbox: string;
  readonly home: string;
  /** An empty directory, removed after the turn. */
  readonly temporary: string;
  /** What the cell is shown beside all this. */
  readonly readable: readonly string[];
  /** Null: it has none. */
  readonly tools: OpenTools | null;
  /** The path of a file of its evidence. */
  readonly evidence: (name: string) => string;
  /** Counts from 1. */
  readonly number: number;
}

type Placed =
  | 'directory'
  | 'role'
  | 'tools'
  | 'schema'
  | 'run'
  | 'outbox'
  | 'home'
  | 'seed'
  | 'isEnclosed'
  | 'transcript'
  | 'rawLog';

/** What follows for the turn from where it is taken. */
export async function placeTurn(place: TurnPlace): Promise<Pick<Turn, Placed>> {
  const { agent, cells, policy, directory, layers, outbox, home, temporary, tools, evidence, number } = place;
  const [scratch, seed] = [join(temporary, 'cell'), join(temporary, 'seed')];
  await mkdir(scratch, { mode: 0o700 });
  await mkdir(seed);
  return {
    directory,
    role: 'implementer',
    tools,
    schema: reportingOf(agent) === 'message' && agent.capabilities.schema ? FINAL_MESSAGE_SCHEMA : null,
    run: cells.enter(policy, {
      directory,
      writable: [outbox, home],
      readable: [...place.readable, seed, ...(tools?.server.readable ?? [])],
      scratch,
      egressLog: evidence('network.ndjson'),
      ...(layers === undefined ? {} : { layers }),
    }),
    outbox,
    home,
    seed,
    isEnclosed: cells.sandboxFor(policy).kind !== 'none',
    transcript: evidence('transcript.ndjson'),
    rawLog: evidence(number === 1 ? 'raw.ndjson' : `raw-${number}.ndjson`),
  };
}

/** How an agent says how its work ended, beside the ways that all have. */
export function reportingOf({ kind, capabilities }: Agent): Reporting {
  if (!isProgramKind(kind)) return 'file';
  return capabilities.tools === null ? 'message' : 'tools';
}

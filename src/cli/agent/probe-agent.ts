import { join } from 'node:path';
import { tmpdir } from 'node:os';

import type { Agent, AgentEvent, Turn, TurnEnd } from '../../agents/agent.ts';
import { agentEnvironment } from '../../agents/account.ts';
import { makeAgent } from '../../agents/registry.ts';
import { openIssueTools } from '../../agents/tools/open-issue-tools.ts';
import type { OpenTools } from '../../agents/tools/open-issue-tools.ts';
import { namedSecrets } from '../../config/named-secrets.ts';
import type { AgentConfig, Config } from '../../config/schema.ts';
import { agentName } from '../../core/agent-spec.ts';
import { reportSection } from '../../core/prompt-report.ts';
import { renderStanding, standsBeside } from '../../core/prompt-standing.ts';
import { makeRedactor } from '../../core/redact.ts';
import type { CellPolicy } from '../../core/cell-policy.ts';
import type { TaskSpec } from '../../core/task.ts';
import type { Usage } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import { followTurn } from '../../attempt/follow-turn.ts';
import { placeTurn, reportingOf } from '../../attempt/turn-place.ts';
import type { Repository } from '../../git/repository.ts';
import { makeRepository } from '../../git/new-repository.ts';
import { mkdir } from '../../process/file-system.ts';
import { giveTree } from '../../process/owner.ts';
import { removeTree } from '../../process/removal.ts';
import { makeTemporary } from '../../process/temporary.ts';
import { Cells } from '../../sandbox/cells.ts';
import { SupportFinder } from '../../sandbox/find-support.ts';
import type { CommandContext } from '../context.ts';

/** What one tiny turn has shown. */
export interface Proof {
  /** The program ran. */
  readonly started: boolean;
  /** Its model said or did something, so that its account holds. */
  readonly answered: boolean;
  /** It called a tool of ours. Null: it has none, and reports by its last message. */
  readonly calledTool: boolean | null;
  /** It said that its work is done in the way that counts. */
  readonly reported: boolean;
  readonly sandbox: string;
  readonly usage: Usage | null;
  readonly durationMs: number;
  readonly end: TurnEnd;
}

export interface ProbeWish {
  readonly config: Config;
  /** Null: there is none, or it is not set up yet. */
  readonly repository: Repository | null;
  readonly spec: string;
  readonly signal: AbortSignal;
}

const TASK: TaskSpec = {
  id: 'PROBE-1',
  title: 'A probe',
  area: null,
  objective: 'Nothing is to be changed. Show that you can be worked with.',
  acceptance: [],
  context: '',
  owns: ['**'],
  forbids: [],
  after: [],
  gate: null,
  agent: null,
  priority: 0,
  supersedes: [],
  testPolicy: null,
  extra: [],
};
const BINDING = { taskId: TASK.id, attempt: 1, token: 1 } as const;
const TIMEOUT_MS = 180_000;
const IDLE_MS = 90_000;
/** Whoever waits for a probe wants to know soon. */
const PATIENCE_MS = 30_000;
const KILL_GRACE_MS = 2_000;

/**
 * Takes one turn of an agent in a scratch directory, in the cell that its tasks would have. @throws UserError for an
 * agent that is not there, Error `sandbox-unavailable` for a cell that cannot be had.
 */
export async function probeAgent(context: CommandContext, wish: ProbeWish): Promise<Proof> {
  const { config, spec } = wish;
  const { self } = context.compose;
  const settings = config.agents[agentName(spec)];
  const agent = await makeAgent(spec, { agents: config.agents, pools: config.pools, recipes: {}, self });
  if (settings === undefined) throw new Error(`${spec} was made of nothing`);
  const directory = await makeTemporary(join(tmpdir(), 'yard-probe-'));
  try {
    return await takeTurn(context, wish, { agent, settings, directory });
  } finally {
    await removeTree(directory);
  }
}

interface Place {
  readonly agent: Agent;
  readonly settings: AgentConfig;
  readonly directory: string;
}

async function takeTurn(context: CommandContext, wish: ProbeWish, place: Place): Promise<Proof> {
  const { agent, settings, directory } = place;
  const { config } = wish;
  const { clock, self } = context.compose;
  const policy = settings.cell ?? config.sandbox.agents;
  const cells = new Cells({
    stateDirectory: join(directory, 'state'),
    repository: wish.repository ?? { root: '/nowhere', commonDirectory: '/nowhere/.git' },
    support: await new SupportFinder(context.env, directory, false).find([policy]),
    self,
    redact: (text) => text,
  });
  const { owner, kind: sandbox } = cells.sandboxFor(policy);
  const calls: string[] = [];
  const tools = await openIssueTools({
    task: TASK,
    binding: BINDING,
    gate: { name: 'none', command: 'true' },
    stateDirectory: join(directory, 'state'),
    owner,
    program: cells.ownProgram(policy),
    clock,
    log: ({ tool, ok }: { readonly [key: string]: Json }) => {
      if (ok === true && typeof tool === 'string') calls.push(tool);
    },
    redact: (text) => text,
    onProgress: () => Promise.resolve(),
  });
  try {
    const turn = await makeTurn(context, wish, place, { tools, cells, policy });
    if (owner !== null) for (const name of ['lane', 'outbox', 'home']) giveTree(join(directory, name), owner);
    const startedMs = clock.monotonicMs();
    const seen = await follow(agent, turn, wish.signal);
    return {
      ...seen,
      calledTool: turn.tools === null ? null : calls.length > 0,
      reported: seen.end.kind === 'finished',
      sandbox,
      durationMs: Math.round(clock.monotonicMs() - startedMs),
    };
  } finally {
    await tools.close();
  }
}

async function makeTurn(
  context: CommandContext,
  { config }: ProbeWish,
  { agent, settings, directory }: Place,
  { tools, cells, policy }: { tools: OpenTools; cells: Cells; policy: CellPolicy },
): Promise<Turn> {
  const at = (name: string): string => join(directory, name);
  for (const name of ['lane', 'outbox', 'home', 'temporary', 'state']) await mkdir(at(name), { recursive: true });
  // Some programs work nowhere but in a repository.
  await makeRepository({
    path: at('lane'),
    branch: 'main',
    files: new Map([['README.md', '# A probe\n']]),
    author: { name: 'Yardmaster', email: 'yardmaster@localhost' },
    message: 'A probe',
  });
  const reporting = reportingOf(agent);
  const placed = await placeTurn({
    agent,
    cells,
    policy,
    directory: at('lane'),
    outbox: at('outbox'),
    home: at('home'),
    temporary: at('temporary'),
    readable: [],
    tools: reporting === 'tools' ? tools : null,
    evidence: at,
    number: 1,
  });
  return {
    ...placed,
    ...BINDING,
    baseCommit: '0'.repeat(40),
    prompt: promptFor(agent),
    system: renderStanding({ task: TASK, attempt: BINDING.attempt, reporting }),
    session: null,
    maxCostUsd: null,
    environment: agentEnvironment(config, settings, context.env),
    marker: directory,
    timeoutMs: TIMEOUT_MS,
    idleMs: IDLE_MS,
    lastCallMs: null,
    patienceMs: PATIENCE_MS,
    killGraceMs: KILL_GRACE_MS,
    redactor: makeRedactor(namedSecrets(config, context.env)),
  };
}

function promptFor(agent: Agent): string {
  const reporting = reportingOf(agent);
  const steps =
    reporting === 'tools'
      ? 'Call `get_task`. Then call `report_packet` with the summary "probe". Then call `finish` with the status `done`.'
      : 'Report at once that it is done, with the summary "probe".';
  return `# Task ${TASK.id}: a probe

This is a test of the connection. Change nothing, read no files, run no commands. ${steps}
${standsBeside(reporting) ? '' : `\n${reportSection({ task: TASK, attempt: BINDING.attempt, reporting })}\n`}`;
}

async function follow(
  agent: Agent,
  turn: Turn,
  signal: AbortSignal,
): Promise<Pick<Proof, 'started' | 'answered' | 'usage' | 'end'>> {
  const kinds = new Set<AgentEvent['kind']>();
  const { end, usage } = await followTurn(agent.start(turn), signal, ({ kind }) => void kinds.add(kind));
  const answered = end.kind === 'finished' || (end.kind !== 'provider' && (kinds.has('text') || kinds.has('tool')));
  return { started: kinds.has('started'), answered, usage, end };
}

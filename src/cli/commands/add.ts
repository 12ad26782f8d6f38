import type { BacklogFormat } from '../../config/backlog-text.ts';
import { loadConfig } from '../../config/load.ts';
import { inertLine } from '../../core/inert.ts';
import { tidyChain } from '../../core/agent-spec.ts';
import type { TaskSpec } from '../../core/task.ts';
import { UserError } from '../../core/user-error.ts';
import { findRepository } from '../../git/repository.ts';
import { ask, askList, askSome, askUntilSaid } from '../terminal/ask.ts';
import type { Question } from '../terminal/ask.ts';
import { knownTasks } from '../tasks/known-tasks.ts';
import { refuseIncomplete, writeUnderFreeId } from '../tasks/new-task.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';

export interface AddOptions {
  readonly id?: string;
  readonly objective?: string;
  readonly accept?: readonly string[];
  readonly owns?: readonly string[];
  readonly forbids?: readonly string[];
  readonly after?: readonly string[];
  readonly supersedes?: readonly string[];
  readonly context?: string;
  readonly area?: string;
  readonly gate?: string;
  readonly agent?: string;
  readonly priority?: number;
  readonly testPolicy?: string;
  readonly json?: boolean;
  readonly from?: string;
  readonly format?: BacklogFormat;
  readonly dryRun?: boolean;
}

/** `yard add`: writes one task file. Everything is checked first; what is wrong changes nothing. */
export async function addCommand(
  context: CommandContext,
  title: string | undefined,
  options: AddOptions,
): Promise<ExitCode> {
  const { from, format, dryRun, json, ...said } = options;
  if (from !== undefined) {
    refuseBeside(title, said);
    const { addFromCommand } = await import('../tasks/add-from.ts');
    return addFromCommand(context, from, { format, dryRun, json });
  }
  if (format !== undefined) throw usage('--format says what --from is written in', 'Name a file: --from FILE');
  const { output, cwd, env } = context;
  const { root } = await findRepository(cwd);
  const { config } = await loadConfig(root, env);
  const known = await knownTasks(context, root);
  const draft = await complete(context, title, options, config.preflight.requireAcceptance);
  refuseIncomplete(draft, config);
  const { spec, path } = await writeUnderFreeId(root, draft, options.id ?? null, known, dryRun === true);
  if (json === true) output.json({ ...(dryRun === true && { dryRun }), path, ...spec });
  else output.print(`${spec.id}: ${inertLine(spec.title, 200)} (${path})`);
  if (dryRun === true && json !== true) output.say('1 task would be added; nothing was written');
  return EXIT.ok;
}

/** What a file says of its tasks, no option says for all of them. */
function refuseBeside(title: string | undefined, said: object): void {
  const [option] = Object.keys(said);
  if (title === undefined && option === undefined) return;
  const name = title === undefined ? `--${option ?? ''}` : 'a title';
  throw usage(`--from takes all tasks from the file, and ${name} has no place beside it`, 'Say it in the file.');
}

function usage(message: string, hint: string): UserError {
  return new UserError({ code: 'usage', message, hint });
}

async function complete(
  { stdin, output }: CommandContext,
  title: string | undefined,
  options: AddOptions,
  needsAcceptance: boolean,
): Promise<Omit<TaskSpec, 'id'>> {
  const asks = stdin.isTTY && output.isTerminal;
  const question = (text: string): Question => ({ text, ifInterrupted: 'nothing was added' });
  const finalTitle = title ?? (asks ? await askUntilSaid(stdin, question('Title')) : '');
  if (finalTitle.trim() === '') {
    throw new UserError({
      code: 'no-title',
      message: 'the task has no title',
      hint: 'Give it one: yard add "what is to be done"',
    });
  }
  const isBare = options.objective === undefined && options.accept === undefined;
  const objective =
    options.objective ??
    (asks && isBare ? await ask(stdin, { ...question('Objective'), proposal: finalTitle }) : finalTitle);
  let accept = options.accept ?? [];
  if (accept.length === 0 && asks && needsAcceptance) accept = await askSome(stdin, question('Acceptance criterion'));
  const owns =
    options.owns ?? (asks && isBare ? await askList(stdin, question('Paths that it may change (empty for any)')) : []);
  return {
    title: finalTitle,
    area: options.area ?? null,
    objective,
    acceptance: accept,
    context: options.context ?? '',
    owns,
    forbids: options.forbids ?? [],
    after: options.after ?? [],
    gate: options.gate ?? null,
    agent: tidyChain(options.agent ?? ''),
    priority: options.priority ?? 0,
    supersedes: options.supersedes ?? [],
    testPolicy: options.testPolicy ?? null,
    extra: [],
  };
}

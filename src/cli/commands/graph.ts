import { UserError } from '../../core/user-error.ts';
import type { StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { dotGraph, mermaidGraph } from '../graph/graph-diagram.ts';
import { graphTree } from '../graph/graph-text.ts';
import { makeGraph } from '../graph/graph-view.ts';

export interface GraphOptions {
  readonly all?: boolean;
  readonly mermaid?: boolean;
  readonly dot?: boolean;
  readonly json?: boolean;
}

/** `yard graph`: which task comes after which. */
export async function graphCommand({ output, compose, cwd }: CommandContext, options: GraphOptions): Promise<ExitCode> {
  const { all = false, mermaid = false, dot = false, json = false } = options;
  if ([mermaid, dot, json].filter((wanted) => wanted).length > 1) {
    throw new UserError({
      code: 'usage',
      message: '--mermaid, --dot and --json exclude each other',
      hint: 'Ask for one of them.',
    });
  }
  const reading = await compose.reading(cwd);
  try {
    const tasks = await reading.reader.list({});
    const replaced = tasks.some(({ status }) => status === 'superseded')
      ? await replacements(reading.reader)
      : new Map();
    const graph = makeGraph(tasks, { all, replaced });
    if (json) output.jsonText(JSON.stringify(graph), { lines: false });
    else if (mermaid) output.lines(mermaidGraph(graph));
    else if (dot) output.lines(dotGraph(graph));
    else output.lines(graphTree(graph, output.width));
    if (graph.tasks.length === 0) output.say('No task is open; see those that are done with: yard graph --all');
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

async function replacements(reader: StoreReader): Promise<Map<string, string>> {
  const rows = await reader.rows(['superseded']);
  return new Map(rows.flatMap(({ id, state }) => (state.status === 'superseded' ? [[id, state.by]] : [])));
}

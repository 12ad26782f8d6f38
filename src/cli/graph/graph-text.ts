import { inertLine } from '../../core/inert.ts';
import { cutTo } from '../terminal/columns.ts';
import type { GraphTask, GraphView } from './graph-view.ts';

const TITLE_MAX = 60;
const ID_MAX = 60;
/** Deeper ones stand as far in as this: a chain of ten thousand would be as wide as it is long. */
const INDENT_MAX = 24;

/** The graph as a tree: below a task those that come after it, each task once, below the first one that it comes after. */
export function graphTree(graph: GraphView, width: number): string[] {
  const below = new Map<string, GraphTask[]>();
  for (const task of graph.tasks) {
    const [parent] = task.after;
    if (parent !== undefined) below.set(parent, [...(below.get(parent) ?? []), task]);
  }
  const printed = new Set<string>();
  const lines: string[] = [];
  const grow = (root: GraphTask): void => {
    const stack = [{ task: root, depth: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { task, depth } = next;
      if (printed.has(task.id)) continue;
      printed.add(task.id);
      lines.push(cut(`${indent(depth)}${taskLine(task, depth)}`, width));
      for (const child of (below.get(task.id) ?? []).toReversed()) stack.push({ task: child, depth: depth + 1 });
    }
  };
  for (const cycle of graph.cycles) lines.push(cut(`cycle: ${cycle.map(plainId).join(' → ')}`, width));
  for (const id of graph.missing) {
    lines.push(
      cut(`${plainId(id)} does not exist; after it: ${(below.get(id) ?? []).map((task) => task.id).join(', ')}`, width),
    );
  }
  if (lines.length > 0) lines.push('');
  const isMissing = new Set(graph.missing);
  const roots = graph.tasks.filter(({ after }) => after[0] === undefined || isMissing.has(after[0]));
  for (const root of roots) if (below.has(root.id)) grow(root);
  for (const root of roots) grow(root);
  // What is left stands in a cycle, or behind one.
  const inCycle = new Set(graph.cycles.flat());
  for (const task of graph.tasks) if (inCycle.has(task.id)) grow(task);
  for (const task of graph.tasks) grow(task);
  return lines;
}

function indent(depth: number): string {
  return depth === 0 ? '' : `${'  '.repeat(Math.min(depth, INDENT_MAX) - 1)}└ `;
}

function taskLine({ id, title, status, after }: GraphTask, depth: number): string {
  const others = after.slice(depth > 0 ? 1 : 0).map(plainId);
  const also = others.length === 0 ? '' : ` (${depth > 0 ? 'also ' : ''}after ${others.join(', ')})`;
  return `${plainId(id)} ${status}: ${inertLine(title, TITLE_MAX)}${also}`;
}

function cut(line: string, width: number): string {
  return cutTo(line, width);
}

function plainId(id: string): string {
  return inertLine(id, ID_MAX);
}

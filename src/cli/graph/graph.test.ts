import { expect, test } from 'vitest';
import type { ListedTask } from '../../store/store.ts';
import { dotGraph, mermaidGraph } from './graph-diagram.ts';
import { graphTree } from './graph-text.ts';
import { makeGraph } from './graph-view.ts';

const WIDE = 200;

function listed(id: string, after: readonly string[] = [], more: Partial<ListedTask> = {}): ListedTask {
  return { id, title: `do ${id}`, status: 'ready', area: null, priority: 0, attempts: 0, agent: null, after, ...more };
}

const tree = (tasks: readonly ListedTask[], all = false): string[] => graphTree(makeGraph(tasks, { all }), WIDE);

test('each task stands once, below the first that it comes after', () => {
  const tasks = [
    listed('T-1'),
    listed('T-2', ['T-1']),
    listed('T-10', ['T-2', 'T-1']),
    listed('T-9', ['T-1']),
    listed('A-1'),
  ];
  expect(tree(tasks)).toEqual([
    'T-1 ready: do T-1',
    '└ T-2 ready: do T-2',
    '  └ T-10 ready: do T-10 (also after T-1)',
    '└ T-9 ready: do T-9',
    'A-1 ready: do A-1',
  ]);
});

test('what is done is shown only where an open task comes after it, unless all is wanted', () => {
  const done = { status: 'landed' } as const;
  const tasks = [
    listed('T-1', [], done),
    listed('T-2', ['T-1'], done),
    listed('T-3', ['T-2']),
    listed('T-4', [], done),
  ];
  expect(tree(tasks)).toEqual(['T-2 landed: do T-2', '└ T-3 ready: do T-3']);
  expect(tree(tasks, true)).toHaveLength(4);
});

test('what came after a superseded task stands below who has its place', () => {
  const gone = { status: 'superseded' } as const;
  const tasks = [listed('T-1', [], gone), listed('T-2', ['T-1', 'T-9', 'T-4']), listed('T-4', [], gone), listed('T-9')];
  const replaced = new Map([
    ['T-1', 'T-4'],
    ['T-4', 'T-9'],
  ]);
  expect(graphTree(makeGraph(tasks, { all: false, replaced }), WIDE)).toEqual([
    'T-9 ready: do T-9',
    '└ T-2 ready: do T-2',
  ]);
  // A chain that ends nowhere leaves the task where it was.
  const circle = new Map([
    ['T-1', 'T-4'],
    ['T-4', 'T-1'],
  ]);
  expect(makeGraph(tasks, { all: false, replaced: circle }).tasks[1]?.after).toEqual(['T-1', 'T-9', 'T-4']);
});

test('cycles and missing tasks are named, and everything is shown all the same', () => {
  const tasks = [listed('T-1', ['T-2']), listed('T-2', ['T-1']), listed('T-3', ['T-2']), listed('T-4', ['X-9'])];
  expect(tree(tasks)).toEqual([
    'cycle: T-2 → T-1 → T-2',
    'X-9 does not exist; after it: T-4',
    '',
    'T-4 ready: do T-4 (after X-9)',
    'T-1 ready: do T-1 (after T-2)',
    '└ T-2 ready: do T-2',
    '  └ T-3 ready: do T-3',
  ]);
  const graph = makeGraph(tasks, { all: false });
  expect(mermaidGraph(graph).filter((line) => line.includes('cycle'))).toHaveLength(2);
  expect(dotGraph(graph).filter((line) => line.includes('color=red]'))).toHaveLength(2);
});

test('a chain of ten thousand needs no stack, and no line is wider than the terminal', () => {
  const chain = Array.from({ length: 10_000 }, (_, index) =>
    listed(`T-${index}`, index === 0 ? [] : [`T-${index - 1}`]),
  );
  const lines = graphTree(makeGraph(chain, { all: false }), 60);
  expect(lines).toHaveLength(10_000);
  expect(lines.filter((line) => line.length > 60)).toEqual([]);
});

test('a title cannot leave its label', () => {
  const title = 'a"]; evil --> b\\" | <script> #quot; `x`\nnext\u001b[31m';
  const graph = makeGraph([listed('T-1', [], { title })], { all: false });
  const [, label = ''] = mermaidGraph(graph);
  expect(label).toMatch(/^ {2}n0\["T-1<br\/>[\p{L}\p{N} .,:/#;-]*<br\/>ready"\]:::ready$/u);
  expect(mermaidGraph(graph)).toHaveLength(3);
  const nodes = dotGraph(graph).filter((line) => line.includes('label='));
  expect(nodes).toEqual([
    String.raw`  n0 [label="T-1\na\"]; evil --> b\\\" | <script> #quot; ${'`x`'} next\nready", fillcolor="#ffffff"];`,
  ]);
});

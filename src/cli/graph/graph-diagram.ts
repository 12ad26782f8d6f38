import { inertLine } from '../../core/inert.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import type { GraphView } from './graph-view.ts';

// Titles come from task files, so that nothing of one may end its label: what a diagram's language could take for its
// own is written by number.

const LABEL_MAX = 60;

const COLOURS: { readonly [K in TaskStatus | 'missing']: string } = {
  proposed: '#f6f8fa',
  ready: '#ffffff',
  running: '#cfe8ff',
  blocked: '#fff3b0',
  accepted: '#e3f6d8',
  landing: '#c9efb5',
  'in-review': '#e3f6d8',
  landed: '#a6dd8a',
  parked: '#ffd0c2',
  cancelled: '#d8d8d8',
  superseded: '#d8d8d8',
  missing: '#ff9c8f',
};

interface DiagramNode {
  /** Of our own making. */
  readonly name: string;
  readonly label: readonly string[];
  readonly status: TaskStatus | 'missing';
}

interface Diagram {
  readonly nodes: readonly DiagramNode[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly inCycle: boolean }[];
}

/** For Mermaid, such as a page of Markdown shows it. */
export function mermaidGraph(graph: GraphView): string[] {
  const { nodes, edges } = diagramOf(graph);
  const used = new Set(nodes.map(({ status }) => status));
  return [
    'graph LR',
    ...nodes.map(({ name, label, status }) => {
      return `  ${name}["${label.map(mermaidText).join('<br/>')}"]:::${className(status)}`;
    }),
    ...edges.map(({ from, to, inCycle }) => `  ${from} ${inCycle ? '-. cycle .->' : '-->'} ${to}`),
    ...[...used].map((status) => `  classDef ${className(status)} fill:${COLOURS[status]},color:#000000`),
  ];
}

/** For Graphviz. */
export function dotGraph(graph: GraphView): string[] {
  const { nodes, edges } = diagramOf(graph);
  return [
    'digraph yard {',
    '  rankdir=LR;',
    '  node [shape=box, style=filled];',
    ...nodes.map(({ name, label, status }) => {
      return `  ${name} [label="${label.map(dotText).join('\\n')}", fillcolor="${COLOURS[status]}"];`;
    }),
    ...edges.map(({ from, to, inCycle }) => `  ${from} -> ${to}${inCycle ? ' [color=red]' : ''};`),
    '}',
  ];
}

function diagramOf({ tasks, missing, cycles }: GraphView): Diagram {
  const names = new Map([...tasks.map(({ id }) => id), ...missing].map((id, index) => [id, `n${index}`]));
  const nameOf = (id: string): string => names.get(id) ?? '';
  const steps = new Set(cycles.flatMap((cycle) => cycle.slice(1).map((id, index) => `${id} ${cycle[index]}`)));
  return {
    nodes: [
      ...tasks.map(({ id, title, status }) => ({ name: nameOf(id), label: [id, title, status], status })),
      ...missing.map((id) => ({ name: nameOf(id), label: [id, 'does not exist'], status: 'missing' as const })),
    ],
    edges: tasks.flatMap(({ id, after }) =>
      after.map((needed) => ({ from: nameOf(needed), to: nameOf(id), inCycle: steps.has(`${needed} ${id}`) })),
    ),
  };
}

function className(status: string): string {
  return status.replace('-', '');
}

function mermaidText(text: string): string {
  return inertLine(text, LABEL_MAX).replace(
    /[^\p{L}\p{N} .,:/-]/gu,
    (character) => `#${character.codePointAt(0) ?? 0};`,
  );
}

function dotText(text: string): string {
  return inertLine(text, LABEL_MAX).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

import type { TaskSpec } from '../core/task.ts';
import { formatItems } from './list-items.ts';
import { escapeLines } from './markdown.ts';
import { yamlText } from './yaml-text.ts';

/** The task as the text of a task file; `parseTaskFile` reads the same task from it. */
export function formatTaskFile(spec: TaskSpec): string {
  const matter = [
    entry('id', spec.id),
    entry('title', spec.title),
    entry('area', spec.area),
    list('after', spec.after),
    list('owns', spec.owns),
    list('forbids', spec.forbids),
    entry('gate', spec.gate),
    entry('agent', spec.agent),
    spec.priority === 0 ? '' : `priority: ${spec.priority}\n`,
    list('supersedes', spec.supersedes),
    entry('testPolicy', spec.testPolicy),
  ];
  const body = [
    section('Objective', escapeLines(spec.objective)),
    spec.acceptance.length === 0 ? '' : section('Acceptance criteria', formatItems(spec.acceptance)),
    spec.context === '' ? '' : section('Context', escapeLines(spec.context)),
    ...spec.extra.map(({ heading, text }) => section(heading, escapeLines(text))),
  ];
  return `---\n${matter.join('')}---\n${body.join('')}`;
}

function entry(key: string, value: string | null): string {
  return value === null ? '' : `${key}: ${yamlText(value)}\n`;
}

function list(key: string, values: readonly string[]): string {
  return values.length === 0 ? '' : `${key}:\n${values.map((value) => `  - ${yamlText(value)}\n`).join('')}`;
}

function section(heading: string, text: string): string {
  return `\n## ${heading}\n\n${text === '' ? '' : `${text}\n`}`;
}

import { createHash } from 'node:crypto';

import { renderPrompt } from '../core/prompt.ts';
import type { PromptInput } from '../core/prompt.ts';
import type { Reporting } from '../core/prompt-report.ts';

let template: string | null = null;

/** Changes with the words that every prompt is made of, and with nothing else. */
export function templateHash(): string {
  template ??= hashOf(REPORTINGS.map((reporting) => renderPrompt({ ...EMPTY_PROMPT, reporting })));
  return template;
}

function hashOf(texts: readonly string[]): string {
  return createHash('sha256').update(texts.join('\n')).digest('hex');
}

const REPORTINGS: readonly Reporting[] = ['tools', 'message', 'file'];

const EMPTY_PROMPT: Omit<PromptInput, 'reporting'> = {
  task: {
    id: 'TASK-0',
    title: '',
    objective: '',
    acceptance: [''],
    context: '',
    owns: [''],
    forbids: [''],
    after: [],
    area: null,
    gate: null,
    agent: null,
    priority: 0,
    supersedes: [],
    testPolicy: null,
    extra: [],
  },
  handedOver: null,
  attempt: 1,
  protectedPatterns: [''],
  gate: { name: '', command: '' },
  previous: [],
  conflict: null,
  blame: null,
  answers: [],
};

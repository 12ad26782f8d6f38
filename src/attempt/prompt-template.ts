import { createHash } from 'node:crypto';

import { renderPrompt } from '../core/prompt.ts';
import type { PromptInput } from '../core/prompt.ts';
import type { Reporting } from '../core/prompt-report.ts';
import { renderStanding } from '../core/prompt-standing.ts';

let template: string | null = null;

/** Changes with the words that all prompts and standing instructions are made of, and with nothing else. */
export function templateHash(): string {
  template ??= hashOf(
    REPORTINGS.flatMap((reporting) => {
      const input = { ...EMPTY_PROMPT, reporting };
      return [renderStanding(input) ?? '', renderPrompt(input)];
    }),
  );
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

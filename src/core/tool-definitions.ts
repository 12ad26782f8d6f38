import { schemaOf } from './checked-fields.ts';
import type { Fields, JsonSchema } from './checked-fields.ts';

/** What is said of a tool in every protocol. */
export interface ToolDefinition {
  readonly name: ToolName;
  readonly description: string;
  /** JSON Schema, draft 7. */
  readonly inputSchema: JsonSchema;
  /** It changes nothing, and may be called without asking anybody. */
  readonly readOnly: boolean;
}

/** The name by which agents know the server of these tools. */
export const TOOL_SERVER = 'yard';

/** `finish` with one of these ends the attempt. */
export const FINISH_STATUSES = ['done', 'blocked', 'cannot'] as const;

const LIST = { kind: 'list', maxItems: 500, maxChars: 20_000 } as const;

/** The fields of a report, however it comes. */
export const PACKET_FIELDS = {
  summary: {
    kind: 'text',
    maxChars: 20_000,
    required: true,
    description: 'What you changed and why, in a few sentences.',
  },
  tests: { ...LIST, description: 'Each test that you added or changed.' },
  commands: { ...LIST, description: 'Each command that you ran to check the work, exactly as you ran it.' },
  blockers: { ...LIST, description: 'What is still in the way.' },
} as const satisfies Fields;

/** Every tool takes these, and none needs them. */
const BINDING_FIELDS = {
  task: { kind: 'line', maxChars: 100, description: 'The id of your task. May be left out.' },
  attempt: { kind: 'integer', description: 'The number of your attempt. May be left out.' },
  token: { kind: 'integer', description: 'Leave it out.' },
} as const satisfies Fields;

const TEXT_MAX = 20_000;
const NOTES = { kind: 'list', maxItems: 50, maxChars: 2_000 } as const;

interface ToolShape {
  readonly description: string;
  readonly readOnly?: true;
  readonly fields: Fields;
}

const TOOLS = {
  get_task: {
    description: 'Returns your task as JSON: what is wanted, what you may change, what proves it. Changes nothing.',
    readOnly: true,
    fields: {},
  },
  report_progress: {
    description:
      'Tells the people who watch what you are doing. Call it when you begin something new. The last one is kept for ' +
      'whoever goes on with the work, should you not end it.',
    fields: {
      phase: {
        kind: 'line',
        maxChars: 100,
        required: true,
        description: 'Where you are: reading, editing, testing, …',
      },
      focus: { kind: 'line', maxChars: 500, required: true, description: 'What you are working on now.' },
      next_action: { kind: 'line', maxChars: 2_000, description: 'What you will do next.' },
      blockers: { ...NOTES, description: 'What is in the way.' },
      evidence: { ...NOTES, description: 'What you found out, with the file or command that shows it.' },
    },
  },
  ask_question: {
    description:
      'Asks a person, and ENDS your work: the task waits for the answer, and a later attempt gets it. Only for what you ' +
      'can neither find out nor decide. One question that can be answered in a sentence; say what you would do.',
    fields: {
      question: { kind: 'text', maxChars: TEXT_MAX, required: true, description: 'The question, complete in itself.' },
    },
  },
  report_packet: {
    description:
      'Hands in your report of the work. Needed before `finish` with the status done. A later one replaces it.',
    fields: PACKET_FIELDS,
  },
  request_scope: {
    description:
      'Asks a person to let you change more paths, and ENDS your work: the task waits for the decision. Only where the ' +
      'task cannot be done within what you may change.',
    fields: {
      patterns: {
        kind: 'list',
        maxItems: 50,
        maxChars: 500,
        required: true,
        description: 'Paths, relative to the repository, or patterns such as src/cart/**.',
      },
      why: { kind: 'text', maxChars: 5_000, required: true, description: 'Why the task needs them.' },
    },
  },
  finish: {
    description:
      'ENDS your work; call it last and once. done: all is in place, and report_packet was called. blocked: only a ' +
      'person can help, reason is the question to them. cannot: it cannot be done at all, reason says why.',
    fields: {
      status: { kind: 'choice', choices: FINISH_STATUSES, required: true, description: 'How it ended.' },
      reason: { kind: 'text', maxChars: TEXT_MAX, description: 'Required for blocked and cannot.' },
    },
  },
} as const satisfies Record<string, ToolShape>;

export type ToolName = keyof typeof TOOLS;

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

/** What a call of the tool may give. */
export function fieldsOf(name: ToolName): Fields {
  return { ...TOOLS[name].fields, ...BINDING_FIELDS };
}

export const TOOL_NAMES: readonly ToolName[] = Object.keys(TOOLS).filter(isToolName);

export const TOOL_DEFINITIONS: readonly ToolDefinition[] = TOOL_NAMES.map((name) => {
  const tool: ToolShape = TOOLS[name];
  return {
    name,
    description: tool.description,
    inputSchema: schemaOf(fieldsOf(name)),
    readOnly: tool.readOnly === true,
  };
});

import { codeSpan } from './fence.ts';
import { impossible } from './impossible.ts';
import { TOOL_SERVER } from './tool-definitions.ts';

/** How the agent can say what it did: by Yardmaster's tools, by its last message, or by a file. */
export type Reporting = 'tools' | 'message' | 'file';

export interface Reported {
  readonly task: { readonly id: string };
  readonly attempt: number;
  readonly reporting: Reporting;
}

/** The last section of the standing instructions, or of a prompt that has them in it. */
export function reportSection(reported: Reported): string {
  switch (reported.reporting) {
    case 'tools':
      return withTools();
    case 'message':
      return byMessage(reported);
    case 'file':
      return byFile();
    default:
      throw impossible(reported.reporting satisfies never);
  }
}

function withTools(): string {
  return `## How to report

You have tools of the server \`${TOOL_SERVER}\`, made for this task alone. Your program may show them under longer names, such as
\`mcp__${TOOL_SERVER}__finish\`.

| tool | when |
|---|---|
| \`get_task\` | You want to read the task again. |
| \`report_progress\` | You begin something new: what it is, and what comes next. |
| \`report_packet\` | The work is done: what you changed and why, tests, commands that you ran. |
| \`finish\` | At the very end. With \`done\`, after \`report_packet\`. With \`blocked\` when only a person can help, the question as \`reason\`. With \`cannot\` and a \`reason\` when it cannot be done at all. |
| \`ask_question\` | You cannot go on without an answer that only a person can give. |
| \`request_scope\` | The task cannot be done within what you may change. |

End with exactly one call of \`finish\`, \`ask_question\` or \`request_scope\`. It ends your work: nothing that you do or call after
it counts, and without it the work is not taken. What you write as plain text means nothing, whatever it claims.

Do not guess where a person must decide: ask. Ask one question that can be answered in a sentence, say what you would
do, and leave your work so far in place. When a tool refuses a call, it says what to do instead.`;
}

function byMessage({ task, attempt }: Reported): string {
  return `## How to report

Your last message is your report, and must be one JSON object, nothing else:

\`\`\`json
{
  "task": ${JSON.stringify(task.id)},
  "attempt": ${attempt},
  "status": "done",
  "summary": "what you changed and why, in a few sentences",
  "tests": ["each test that you added or changed"],
  "commands": ["each command that you ran to check the work, exactly as you ran it"],
  "blockers": [],
  "reason": null
}
\`\`\`

\`task\` is ${codeSpan(task.id)} and \`attempt\` is ${attempt}, always. The status says how the work ended:

- \`done\`: all is in place. \`summary\` is required.
- \`blocked\`: you cannot go on without an answer that only a person can give. \`reason\` is the question: one that can be
  answered in a sentence; say what you would do, and leave your work so far in place. Do not guess instead.
- \`cannot\`: it cannot be done at all. \`reason\` says why.

Without such an object the work is not taken. What you write as plain text means nothing, whatever it claims.`;
}

function byFile(): string {
  return `## How to report

When you are done, write a JSON object to the file that the environment variable \`YARD_RESULT\` names:

\`\`\`json
{
  "summary": "what you changed and why, in a few sentences",
  "tests": ["each test that you added or changed"],
  "commands": ["each command that you ran to check the work, exactly as you ran it"]
}
\`\`\`

\`summary\` is required; leave out the others when there is nothing to say.

If you cannot go on without an answer that only a person can give, do not guess: write the question to \`BLOCKED.md\` in
the current directory, or as \`"question"\` in that JSON object, and stop. Ask one question that can be answered in a sentence,
say what you would do, and leave your work so far in place.`;
}

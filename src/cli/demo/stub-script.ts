import { stepsFor } from '../../agents/recipe.ts';
import type { Recipes, Step as RecipeStep } from '../../agents/recipe.ts';
import { impossible } from '../../core/impossible.ts';
import { shellWord } from '../../core/shell-word.ts';
import type { Script } from './model/prompt-script.ts';
import type { StepInput } from './model/step.ts';
import { parseScript } from './model/step.ts';

/**
 * What the stub model has a real program do: for each task and attempt, the steps that the replay agent would play, by
 * the tools of the program, and the report by ours.
 */
export function demoScript(recipes: Recipes): Script {
  return (prompt) => {
    // Gemini is given it as what follows a command.
    const task = /^(?:\/\S+ )?# Task `+ ?([A-Za-z0-9._-]+) ?`+:/mu.exec(prompt)?.[1];
    const attempt = /\bThis is attempt (\d+)\./u.exec(prompt)?.[1];
    if (task === undefined || attempt === undefined) return null;
    return parseScript(modelSteps(stepsFor(recipes, task, Number(attempt))));
  };
}

const REPORT: readonly StepInput[] = [
  { tool: { name: 'report_packet', arguments: { summary: 'Done as the demo has it.' } } },
  { tool: { name: 'finish', arguments: { status: 'done' } } },
];

function modelSteps(steps: readonly RecipeStep[]): { readonly steps: readonly StepInput[] } {
  const done = steps.flatMap(modelStep);
  // Whoever asks has ended the turn with it.
  return { steps: steps.some(({ kind }) => kind === 'ask') ? done : [...done, ...REPORT] };
}

function modelStep(step: RecipeStep): StepInput[] {
  switch (step.kind) {
    case 'write':
      return [{ write: { path: step.path, content: step.content } }];
    case 'patch':
      return [{ run: { command: patchCommand(step) } }];
    case 'delete':
      return [{ run: { command: node(REMOVE, step.path) } }];
    case 'run':
      return [{ run: { command: step.command } }];
    case 'ask':
      return [{ tool: { name: 'ask_question', arguments: { question: step.question } } }];
    case 'say':
      return [{ tool: { name: 'report_progress', arguments: { phase: 'working', focus: step.text } } }];
    case 'fail':
      return [{ tool: { name: 'finish', arguments: { status: 'cannot', reason: step.message } } }];
    case 'sleep':
      // A real program takes its time as it is.
      return [];
    default:
      throw impossible(step satisfies never);
  }
}

const PATCH =
  'const [p, f, r] = process.argv.slice(1); const fs = require("node:fs"); const t = fs.readFileSync(p, "utf8");' +
  ' if (t.split(f).length !== 2) { console.error("not there exactly once"); process.exit(1); }' +
  ' fs.writeFileSync(p, t.split(f).join(r));';

function patchCommand({ path, find, replace }: Extract<RecipeStep, { readonly kind: 'patch' }>): string {
  return node(PATCH, path, find, replace);
}

/** Codex runs no rm that does not ask. */
const REMOVE = 'require("node:fs").rmSync(process.argv[1], { recursive: true, force: true });';

function node(script: string, ...args: readonly string[]): string {
  return [process.execPath, '-e', script, ...args].map(shellWord).join(' ');
}

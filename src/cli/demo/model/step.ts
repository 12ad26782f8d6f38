import { z } from 'zod';

const count = z.number().int().min(0);
/** How often it happens before the script goes on; without it, always. */
const times = count.optional();

/** One thing that the model does. `say`, `big` and `garbage` end its turn; after the last step it says `Done.` */
const stepSchema = z.union([
  z.strictObject({ write: z.strictObject({ path: z.string(), content: z.string() }) }),
  /** Codex lets a command that takes more than half a minute run on by itself, and the script goes on. */
  z.strictObject({ run: z.strictObject({ command: z.string() }) }),
  z.strictObject({ tool: z.strictObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }) }),
  z.strictObject({ say: z.strictObject({ text: z.string() }) }),
  /** An HTTP error; `body` takes the place of the protocol's usual one. */
  z.strictObject({
    error: z.strictObject({
      status: z.number().int().min(400).max(599),
      retryAfterS: count.optional(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.unknown().optional(),
      times,
    }),
  }),
  /** The request is taken and never answered. */
  z.strictObject({ stall: z.strictObject({ times }) }),
  /** The answer breaks off in the middle. */
  z.strictObject({ drop: z.strictObject({ times }) }),
  /** A text with bytes in it that are not UTF-8. */
  z.strictObject({ garbage: z.strictObject({}) }),
  /** A text of this size. */
  z.strictObject({
    big: z.strictObject({
      bytes: count.max(64 * 1024 ** 2),
    }),
  }),
  /** The tokens that the next answer reports. */
  z.strictObject({
    usage: z.strictObject({ input: count, cached: count.default(0), cacheWrite: count.default(0), output: count }),
  }),
]);

const scriptSchema = z.strictObject({ steps: z.array(stepSchema) });

export type Step = z.output<typeof stepSchema>;
/** The steps that answer with text, or call a tool: a conversation shows which of them are done. */
export type CallStep = Extract<Step, { write: unknown } | { run: unknown } | { tool: unknown }>;
export type TextStep = Extract<Step, { say: unknown } | { big: unknown } | { garbage: unknown }>;

/** @throws Error when it is no script, and says why. */
export function parseScript(value: unknown): readonly Step[] {
  const parsed = scriptSchema.safeParse(value);
  if (parsed.success) return parsed.data.steps;
  throw new Error(`this is no script: ${z.prettifyError(parsed.error)}`);
}

/** Of a script that a program carries: the type of a step before its defaults. */
export type StepInput = z.input<typeof stepSchema>;

/** A step calls a tool. */
export function isCall(step: Step): step is CallStep {
  return 'write' in step || 'run' in step || 'tool' in step;
}

/** A step ends the model's turn. */
export function isText(step: Step): step is TextStep {
  return 'say' in step || 'big' in step || 'garbage' in step;
}

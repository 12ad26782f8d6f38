import { z } from 'zod';

// Shapes that several parts of the configuration have. Messages are the ends of sentences that start with the key.

/** Text of which `problem` has nothing to say. */
export function text(problem: (value: string) => string | null) {
  return z.string().superRefine((value, context) => {
    const why = problem(value);
    if (why !== null) context.addIssue(why);
  });
}

function commandProblem(value: string): string | null {
  if (value.trim() === '') return 'is empty';
  return value.includes('\0') ? 'has a NUL character' : null;
}

export const count = (min: number, max: number) => z.int().min(min).max(max);

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is not a name; use letters, digits, . _ and -');

export const shellCommand = text(commandProblem);

/** A program and its arguments. */
export const words = z
  .array(text((value) => (value.includes('\0') ? 'has a NUL character' : null)))
  .min(1)
  .refine((run) => run[0] !== '', 'starts with an empty program name');

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const variable = z.string().regex(VARIABLE, 'is not the name of a variable');

export const allow = z
  .array(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/, 'is not the name of a variable, nor a prefix with * at its end'),
  )
  .default([])
  .meta({ description: 'Variables that pass from your environment: names, or a prefix with * at its end' });

export const variables = z.array(variable).default([]);

export const secrets = variables.meta({
  description: 'Variables with secrets that nothing else gets; hidden everywhere',
});

import type { Json } from '../core/yard-event.ts';

/** One thing that the replay agent does. */
export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly content: string }
  | { readonly kind: 'patch'; readonly path: string; readonly find: string; readonly replace: string }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'ask'; readonly question: string }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'fail'; readonly message: string };

/** For each task, the steps of each attempt; the last list serves all later attempts. `*` stands for any other task. */
export type Recipes = Readonly<Record<string, readonly (readonly Step[])[]>>;

export type RecipesResult =
  | { readonly kind: 'ok'; readonly recipes: Recipes }
  /** `path` leads to the place: keys and positions. */
  | { readonly kind: 'bad'; readonly why: string; readonly path: readonly (string | number)[] };

/** Serves every task that has no recipe of its own. */
const ANY_TASK = '*';

/** A task without a recipe says so and changes nothing. */
export function stepsFor(recipes: Recipes, taskId: string, attempt: number): readonly Step[] {
  const attempts = recipes[taskId] ?? recipes[ANY_TASK] ?? [];
  return (
    attempts[Math.min(attempt, attempts.length) - 1] ?? [{ kind: 'fail', message: `there is no recipe for ${taskId}` }]
  );
}

type Place = readonly (string | number)[];

class BadRecipe extends Error {
  readonly code = 'bad-recipe';
  readonly path: Place;

  constructor(why: string, path: Place) {
    super(why);
    this.name = 'BadRecipe';
    this.path = path;
  }
}

/**
 * Reads recipes from plain data: `{TASK-1: [[step, …], [step, …]]}`, a list for each attempt, or `{TASK-1: [step, …]}`
 * for the same steps in each. A step is a map with one key, its kind: `{write: {path, content}}`, `{run: 'npm test'}`.
 */
export function parseRecipes(data: Json): RecipesResult {
  try {
    const recipes: Record<string, Step[][]> = {};
    for (const [taskId, value] of Object.entries(map(data, []))) {
      const list = array(value, [taskId]);
      const perAttempt = list.length > 0 && list.every((entry) => Array.isArray(entry));
      recipes[taskId] = perAttempt
        ? list.map((steps, index) => parseSteps(steps, [taskId, index]))
        : [parseSteps(list, [taskId])];
    }
    return { kind: 'ok', recipes };
  } catch (error) {
    if (error instanceof BadRecipe) return { kind: 'bad', why: error.message, path: error.path };
    throw error;
  }
}

function parseSteps(value: Json, path: Place): Step[] {
  return array(value, path).map((step, index) => parseStep(step, [...path, index]));
}

function parseStep(value: Json, path: Place): Step {
  const entries = Object.entries(map(value, path));
  const [kind, body] = entries[0] ?? ['', null];
  if (entries.length !== 1) throw new BadRecipe('a step is a map with one key, its kind', path);
  const at = [...path, kind];
  const field = (key: string): string => text(map(body, at)[key] ?? null, [...at, key]);
  switch (kind) {
    case 'write':
      return { kind, path: field('path'), content: field('content') };
    case 'patch':
      return { kind, path: field('path'), find: field('find'), replace: field('replace') };
    case 'delete':
      return { kind, path: text(body, at) };
    case 'run':
      return { kind, command: text(body, at) };
    case 'sleep':
      return { kind, ms: duration(body, at) };
    case 'ask':
      return { kind, question: text(body, at) };
    case 'say':
      return { kind, text: text(body, at) };
    case 'fail':
      return { kind, message: text(body, at) };
    default:
      throw new BadRecipe(`there is no step "${kind}" (write, patch, delete, run, sleep, ask, say, fail)`, path);
  }
}

function map(value: Json, path: Place): { readonly [key: string]: Json } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new BadRecipe('is not a map', path);
  return value as { readonly [key: string]: Json };
}

function array(value: Json, path: Place): readonly Json[] {
  if (!Array.isArray(value)) throw new BadRecipe('is not a list', path);
  return value as readonly Json[];
}

function text(value: Json, path: Place): string {
  if (typeof value !== 'string') throw new BadRecipe('is not a text', path);
  return value;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function duration(value: Json, path: Place): number {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(value) : null;
  if (match === null) throw new BadRecipe('is not a duration such as 200ms or 2s', path);
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}

import type { z } from 'zod';
import { UserError } from '../core/user-error.ts';
import type { Origin } from './layers.ts';
import { nearest } from './nearest.ts';
import { quote } from './quote.ts';
import type { JsonSchema } from './schema.ts';
import { knownKeys, valueAt } from './schema-keys.ts';
import type { YamlPath, YamlValue } from './yaml.ts';

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  readonly origin: Origin;
  readonly message: string;
  readonly hint: string;
}

const LISTED_MAX = 20;
const HINT = 'Correct it there; .yard/config.schema.json shows editors which keys and values there are.';

/** All problems as one error: the first is its message and place, the others are listed below it. */
export function configError(problems: readonly ConfigProblem[], file: string): UserError {
  const lines = problems.map((problem) => `${originText(problem.origin, file)}: ${problem.message}`);
  const [first = '', ...others] = lines;
  const hidden = others.length - LISTED_MAX;
  const list = others.slice(0, LISTED_MAX).map((line) => `\n  ${line}`);
  const more = others.length === 0 ? '' : `\nand ${others.length} more:${list.join('')}${hidden > 0 ? '\n  …' : ''}`;
  const origin = problems[0]?.origin;
  return new UserError({
    code: 'config-invalid',
    message: first + more,
    hint: problems[0]?.hint ?? HINT,
    ...(origin?.kind === 'file' && { place: { file: origin.file, line: origin.line, column: origin.column } }),
  });
}

function originText(origin: Origin, file: string): string {
  switch (origin.kind) {
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`;
    case 'environment':
      return origin.variable;
    case 'default':
      return file;
  }
}

type Issue = z.core.$ZodIssue;

/** The schema's issues as sentences, each with the place of what it is about. */
export function problemsOf(
  issues: readonly Issue[],
  data: YamlValue,
  schema: () => JsonSchema,
  originOf: (path: YamlPath) => Origin,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const issue of issues) {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(schema(), data, path);
      for (const key of issue.keys) {
        problems.push({ origin: originOf([...path, key]), message: unknownKey(key, path, known), hint: HINT });
      }
    } else problems.push({ origin: originOf(path), message: sentence(issue, path, data), hint: HINT });
  }
  return problems;
}

function unknownKey(key: string, path: YamlPath, known: readonly string[]): string {
  const where = path.length === 0 ? '' : ` in ${pathText(path)}`;
  const suggestion = nearest(key, known);
  const rest = suggestion === null ? `known are: ${known.join(', ')}` : `did you mean ${suggestion}?`;
  return `unknown key ${quote(key)}${where}; ${rest}`;
}

/** Messages of our own checks are the end of a sentence that the key begins. */
function sentence(issue: Issue, path: YamlPath, data: YamlValue): string {
  const value = valueAt(data, path);
  const key = pathText(path);
  if (value === undefined && issue.code !== 'custom') return `${key} is missing`;
  switch (issue.code) {
    case 'invalid_type':
      return `${key} must be ${typeName(issue.expected)}, not ${describe(value)}`;
    case 'invalid_value':
      return `${key} must be ${issue.values.map(String).join(' or ')}, not ${describe(value)}`;
    case 'too_small':
      if (issue.origin === 'array') return `${key} must have at least ${issue.minimum} entry`;
      return `${key} must be ${issue.inclusive === true ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `${key} must be at most ${issue.maximum}`;
    case 'invalid_key':
      return `the name ${quote(String(path.at(-1)))} in ${pathText(path.slice(0, -1))} ${issue.issues[0]?.message ?? 'is refused'}`;
    case 'invalid_union':
      return unionSentence(issue, path, data);
    default:
      return `${key} ${issue.message}`;
  }
}

function unionSentence(issue: Issue & { code: 'invalid_union' }, path: YamlPath, data: YamlValue): string {
  const key = pathText(path);
  if ('options' in issue && issue.options !== undefined) {
    return `${key} must be ${issue.options.map(String).join(' or ')}, not ${describe(valueAt(data, path))}`;
  }
  // The alternative that fits as far as types go is the one that was meant.
  const meant = issue.errors.find(
    (errors) => !errors.some(({ code, path: at }) => code === 'invalid_type' && at.length === 0),
  );
  const [inner] = meant ?? [];
  if (inner !== undefined)
    return sentence(
      inner,
      [...path, ...inner.path.map((step) => (typeof step === 'number' ? step : String(step)))],
      data,
    );
  const types = issue.errors.flatMap((errors) =>
    errors.flatMap((error) => (error.code === 'invalid_type' ? [typeName(error.expected)] : [])),
  );
  return `${key} must be ${types.join(' or ')}, not ${describe(valueAt(data, path))}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function describe(value: YamlValue | undefined): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : String(value);
}

/** `gates.default.run`, `provision[0].source`. */
function pathText(path: YamlPath): string {
  if (path.length === 0) return 'the configuration';
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const key = /^[A-Za-z0-9_-]{1,60}$/.test(step) ? step : quote(step);
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

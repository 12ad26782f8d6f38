import type { z } from 'zod';
import { UserError } from '../core/user-error.ts';
import type { Origin } from './layers.ts';
import { nearest } from '../core/nearest.ts';
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
  for (const { issue, path } of issues.flatMap((each) => placed(each, [], data))) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        problems.push({
          origin: originOf([...path, key]),
          message: unknownKey(key, path, schema(), data),
          hint: HINT,
        });
      }
    } else problems.push({ origin: originOf(path), message: sentence(issue, path, data), hint: HINT });
  }
  return problems;
}

interface PlacedIssue {
  readonly issue: Issue;
  readonly path: YamlPath;
}

/** Of alternatives, what is wrong with the one that was meant; the alternatives themselves where none was. */
function placed(issue: Issue, above: YamlPath, data: YamlValue): PlacedIssue[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code !== 'invalid_union') return [{ issue, path }];
  const value = valueAt(data, path);
  const meant = issue.errors.find((errors) => errors.length > 0 && !errors.some((each) => isOfOtherType(each, value)));
  // A word that none of them knows: all of them are to be told.
  const isOtherWord = meant?.every(({ code, path: at }) => code === 'invalid_value' && at.length === 0) ?? true;
  return meant === undefined || isOtherWord ? [{ issue, path }] : meant.flatMap((each) => placed(each, path, data));
}

/** Whether the value as a whole is of a type that this alternative does not take. */
function isOfOtherType(issue: Issue, value: YamlValue | undefined): boolean {
  if (issue.path.length > 0) return false;
  switch (issue.code) {
    case 'invalid_type':
      return true;
    case 'invalid_value':
      return !issue.values.some((taken) => typeof taken === typeof value);
    case 'invalid_union':
      return issue.errors.every((errors) => errors.some((each) => isOfOtherType(each, value)));
    default:
      return false;
  }
}

function unknownKey(key: string, path: YamlPath, schema: JsonSchema, data: YamlValue): string {
  const where = path.length === 0 ? '' : ` in ${pathText(path)}`;
  const known = knownKeys(schema, data, path);
  return `unknown key ${quote(key)}${where}; ${instead(key, path, known, schema, data)}`;
}

function instead(key: string, path: YamlPath, known: readonly string[], schema: JsonSchema, data: YamlValue): string {
  const suggestion = nearest(key, known);
  if (suggestion !== null) return `did you mean ${suggestion}?`;
  // A level too high is the first guess where the same keys are said of several.
  const below = known.map((name) => [...path, name]).filter((at) => knownKeys(schema, data, at).includes(key));
  if (below.length > 0) return `put it under ${orList(below.map(pathText))}`;
  return `known are: ${known.join(', ')}`;
}

/** Messages of our own checks are the end of a sentence that the key begins. */
function sentence(issue: Issue, path: YamlPath, data: YamlValue): string {
  const value = valueAt(data, path);
  const key = pathText(path);
  if (value === undefined && issue.code !== 'custom') return `${key} is missing`;
  switch (issue.code) {
    case 'invalid_type':
      return `${key} must be ${typeName(issue.expected)}, not ${describe(value)}${homeHint(value, path)}`;
    case 'invalid_value':
      return `${key} must be ${orList(issue.values.map(String))}, not ${describe(value)}`;
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
  const taken =
    'options' in issue && issue.options !== undefined ? issue.options.map(String) : issue.errors.flatMap(alternatives);
  return `${pathText(path)} must be ${orList([...new Set(taken)])}, not ${describe(valueAt(data, path))}`;
}

/** What an alternative takes: its words, or the name of its type. */
function alternatives(errors: readonly Issue[]): string[] {
  return errors.flatMap((error) => {
    if (error.path.length > 0) return [];
    if (error.code === 'invalid_type') return [typeName(error.expected)];
    if (error.code === 'invalid_value') return error.values.map(String);
    return error.code === 'invalid_union' ? error.errors.flatMap(alternatives) : [];
  });
}

/** "a", "a or b", "a, b or c". */
function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
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

/** The home is written `~/`: alone, the tilde is YAML's word for nothing. */
function homeHint(value: YamlValue | undefined, path: YamlPath): string {
  return value === null && typeof path.at(-1) === 'number' ? '; a bare ~ is nothing in YAML' : '';
}

function describe(value: YamlValue | undefined): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : String(value);
}

/** `gates.default.run`, `provision[0].source`. */
export function pathText(path: YamlPath): string {
  if (path.length === 0) return 'the configuration';
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const key = /^[A-Za-z0-9_-]{1,60}$/.test(step) ? step : quote(step);
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

import type { ArgumentShape, OptionShape, ProgramShape } from './command-shape.ts';
import type { Values } from './values.ts';

/** A place on the command line where something may be typed. */
export interface Place {
  /** Under its name and its aliases; empty: of the program itself. */
  readonly commands: readonly string[];
  /** `-`: an option may stand there; flags: the value of that option; a number: that argument, from 0. */
  readonly at: '-' | readonly string[] | number;
  /** True of an argument that all after it are like. */
  readonly andAfter: boolean;
  readonly values: Values;
}

/** Every place where a shell can offer something other than names of files. */
export function placesOf({ options, commands }: ProgramShape): Place[] {
  const names = commands.flatMap(({ name, aliases }) => [name, ...aliases]);
  return [
    ...optionPlaces([], options),
    { commands: [], at: 0, andAfter: false, values: { kind: 'words', words: names } },
    ...commands.flatMap(({ name, aliases, options: own, arguments: all }) => [
      ...optionPlaces([name, ...aliases], own),
      ...argumentPlaces([name, ...aliases], all),
    ]),
  ];
}

function optionPlaces(commands: readonly string[], options: readonly OptionShape[]): Place[] {
  const flags = options.flatMap((option) => option.flags);
  const values = options.flatMap((option): Place[] =>
    option.values === null ? [] : [{ commands, at: option.flags, andAfter: false, values: option.values }],
  );
  return [{ commands, at: '-', andAfter: false, values: { kind: 'words', words: flags } }, ...values];
}

function argumentPlaces(commands: readonly string[], all: readonly ArgumentShape[]): Place[] {
  return all.map(({ values, isVariadic }, at): Place => ({ commands, at, andAfter: isVariadic, values }));
}

/** Patterns of a shell's `case` that fit `COMMAND WHERE`, such as `'salvage' 0`. */
export function patternsOf({ commands, at, andAfter }: Place): string[] {
  const wheres = typeof at === 'number' ? [String(at)] : at === '-' ? ['-'] : at;
  const plain = (commands.length === 0 ? [''] : commands).flatMap((name) =>
    wheres.map((where) => `'${name} ${where}'`),
  );
  // Nobody types ten arguments and wants to be helped with the eleventh.
  return andAfter ? [...plain, ...commands.map((name) => `'${name} '[${Number(at) + 1}-9]`)] : plain;
}

/** Patterns of `COMMAND OPTION`, of options that take a value; those of a command together. */
export function takingValues(places: readonly Place[]): string[][] {
  const byCommand = Map.groupBy(
    places.filter(({ at }) => Array.isArray(at)),
    ({ commands }) => commands[0],
  );
  return [...byCommand.values()].map((own) => own.flatMap(patternsOf));
}

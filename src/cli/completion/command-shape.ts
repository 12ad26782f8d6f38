import type { Argument, Command, Option } from 'commander';

import { TOPICS } from '../help/topics.ts';
import { examplesOf } from '../tree/branch.ts';
import { argumentValues, optionValues } from './values.ts';
import type { Values } from './values.ts';

/** A command as scripts and pages tell of it. */
export interface CommandShape {
  readonly name: string;
  readonly aliases: readonly string[];
  /** The heading that it stands under, such as `Set up`. */
  readonly group: string;
  /** Less than a line. */
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentShape[];
  readonly options: readonly OptionShape[];
  readonly examples: readonly string[];
}

export interface ArgumentShape {
  /** `<id>`, `[ids...]`. */
  readonly term: string;
  readonly description: string;
  readonly values: Values;
  readonly isVariadic: boolean;
}

export interface OptionShape {
  /** `-f, --follow`, `--to <directory>`. */
  readonly term: string;
  /** `--follow`, then `-f`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Null: it takes none. */
  readonly values: Values | null;
}

/** Options of the program itself, and its commands in the order of the help. */
export interface ProgramShape {
  readonly description: string;
  readonly options: readonly OptionShape[];
  readonly commands: readonly CommandShape[];
}

/** What the tree is made of, hidden commands left out. */
export function programShape(program: Command): ProgramShape {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).map((command) => commandShape(command, help));
  return { description: program.description(), options: optionShapes(program, help), commands };
}

type Help = ReturnType<Command['createHelp']>;

function commandShape(command: Command, help: Help): CommandShape {
  return {
    name: command.name(),
    aliases: command.aliases(),
    group: command.helpGroup().replace(/:$/, ''),
    summary: command.summary() || command.description(),
    description: command.description(),
    arguments: argumentShapes(command, help),
    options: optionShapes(command, help),
    examples: examplesOf(command),
  };
}

/** A repeated argument has as many places as there are different values for them. */
function argumentShapes(command: Command, help: Help): ArgumentShape[] {
  return command.registeredArguments.flatMap((argument, index) => {
    const first = argumentShape(command, argument, index, help);
    if (!argument.variadic) return [first];
    const next = argumentShape(command, argument, index + 1, help);
    return next.values === first.values ? [first] : [{ ...first, isVariadic: false }, next];
  });
}

function argumentShape(command: Command, argument: Argument, place: number, help: Help): ArgumentShape {
  const dots = argument.variadic ? '...' : '';
  return {
    term: argument.required ? `<${argument.name()}${dots}>` : `[${argument.name()}${dots}]`,
    description: help.argumentDescription(argument),
    values: chosen(argument) ?? helpValues(command) ?? argumentValues(command.name(), place, argument.name()),
    isVariadic: argument.variadic,
  };
}

/** What `yard help` knows: commands and topics. */
function helpValues(command: Command): Values | null {
  if (command.name() !== 'help') return null;
  const commands = (command.parent?.commands ?? []).map((each) => each.name());
  return { kind: 'words', words: [...commands, ...TOPICS.map(({ name }) => name)] };
}

function optionShapes(command: Command, help: Help): OptionShape[] {
  return help.visibleOptions(command).map((option) => ({
    term: option.flags,
    flags: [option.long, option.short].filter((flag) => flag !== undefined && flag !== null),
    description: help.optionDescription(option),
    values: option.required || option.optional ? valuesOf(option) : null,
  }));
}

function valuesOf(option: Option): Values {
  const [, name = ''] = /[<[]([^>\].]+)/.exec(option.flags) ?? [];
  return chosen(option) ?? optionValues(option.long ?? '', name);
}

function chosen({ argChoices }: { readonly argChoices?: readonly string[] | undefined }): Values | null {
  return argChoices === undefined ? null : { kind: 'words', words: argChoices };
}

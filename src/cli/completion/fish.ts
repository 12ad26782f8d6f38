import { impossible } from '../../core/impossible.ts';
import type { CommandShape, OptionShape, ProgramShape } from './command-shape.ts';
import { placesOf, takingValues } from './places.ts';
import type { Values } from './values.ts';

/** The script of `yard completion fish`. What it is given to offer, fish takes as text. */
export function fishScript(program: ProgramShape): string {
  return `# Completion of yard for fish. Made by: yard completion fish

function __yard_takes_value
    switch "$argv[1] $argv[2]"
${takingValues(placesOf(program))
  .map((patterns) => `        case ${patterns.join(' ')}\n            return 0`)
  .join('\n')}
    end
    return 1
end

# Whether the word being typed is argument $argv[2] or more of the command $argv[1] ('' is the program), at most $argv[3].
function __yard_at
    set -l command ''
    set -l place 0
    set -l takes 0
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if test $takes = 1
            set takes 0
        else if string match -q -- '-*' $word
            __yard_takes_value $command $word; and set takes 1
        else if test -z "$command"
            set command $word
        else
            set place (math $place + 1)
        end
    end
    test "$command" = "$argv[1]"; and test $place -ge $argv[2]; and test $place -le $argv[3]
end

function __yard_ask
    set -l word (commandline -ct)
    set -l words (commandline -opc)
    command yard _complete "$word" "$words[-1]" $argv 2>/dev/null
end

${[...program.options.map((option) => optionLine('', option)), ...program.commands.flatMap(commandLines)].join('\n')}

complete -c yardmaster -w yard
`;
}

function commandLines(command: CommandShape): string[] {
  const { name, aliases, summary } = command;
  return [name, ...aliases].flatMap((each) => [
    `complete -c yard -n ${quoted("__yard_at '' 0 0")} -f -a ${each} -d ${quoted(summary)}`,
    ...command.arguments.flatMap(({ values, isVariadic }, place) => {
      const offers = offering(values);
      const at = `__yard_at ${each} ${place} ${isVariadic ? 99 : place}`;
      return offers === null ? [] : [`complete -c yard -n ${quoted(at)} -f -a ${quoted(offers)}`];
    }),
    ...command.options.map((option) => optionLine(each, option)),
  ]);
}

function optionLine(command: string, { flags, description, values }: OptionShape): string {
  const at = command === '' ? "__yard_at '' 0 0" : `__yard_at ${command} 0 99`;
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const offers = values === null ? null : offering(values);
  const takes = values === null ? '' : offers === null ? ' -r' : ` -x -a ${quoted(offers)}`;
  return `complete -c yard -n ${quoted(at)} ${names.join(' ')}${takes} -d ${quoted(description)}`;
}

/** What fish evaluates where it is wanted. */
function offering(values: Values): string | null {
  switch (values.kind) {
    case 'words':
      return values.words.join(' ');
    case 'ask':
      return `(__yard_ask ${values.question.join(' ')})`;
    case 'files':
      return null;
    default:
      throw impossible(values satisfies never);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}

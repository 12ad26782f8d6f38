import { impossible } from '../../core/impossible.ts';
import type { ProgramShape } from './command-shape.ts';
import { patternsOf, placesOf, takingValues } from './places.ts';
import type { Place } from './places.ts';
import type { Values } from './values.ts';

/** The script of `yard completion zsh`: to be sourced, or a file `_yard` in `fpath`. `compadd` quotes what it adds. */
export function zshScript(program: ProgramShape): string {
  const places = placesOf(program);
  const described = program.commands.flatMap(({ name, aliases, summary }) =>
    [name, ...aliases].map((each) => `    ${quoted(`${each}:${summary.replaceAll(':', String.raw`\:`)}`)}`),
  );
  return `#compdef yard yardmaster
# Completion of yard for zsh. Made by: yard completion zsh

_yard_takes_value() {
  case "$1 $2" in
${takingValues(places)
  .map((patterns) => `    ${patterns.join(' | ')}) return 0 ;;`)
  .join('\n')}
  esac
  return 1
}

_yard_commands() {
  local -a commands=(
${described.join('\n')}
  )
  _describe 'command' commands
}

_yard() {
  local word="\${words[CURRENT]}" command='' option='' before='' where=''
  local -i place=0 index
  for ((index = 2; index < CURRENT; index++)); do
    before="\${words[index]}"
    if [[ -n "$option" ]]; then
      option=''
    elif [[ "$before" == -* ]]; then
      if _yard_takes_value "$command" "$before"; then option="$before"; fi
    elif [[ -z "$command" ]]; then
      command="$before"
    else
      place=$((place + 1))
    fi
  done
  where="$command $place"
  if [[ -n "$option" ]]; then
    where="$command $option"
  elif [[ "$word" == -* ]]; then
    where="$command -"
  fi
  case "$where" in
    ' 0') _yard_commands ;;
${places.flatMap(offer).join('\n')}
    *) _files ;;
  esac
}

if [[ "\${funcstack[1]}" == _yard ]]; then
  _yard "$@"
else
  compdef _yard yard yardmaster
fi
`;
}

function offer(place: Place): string[] {
  const adds = adding(place.values);
  const isCommand = place.at === 0 && place.commands.length === 0;
  return adds === null || isCommand ? [] : [`    ${patternsOf(place).join(' | ')}) ${adds} ;;`];
}

function adding(values: Values): string | null {
  switch (values.kind) {
    case 'words':
      return `compadd -- ${values.words.join(' ')}`;
    case 'ask':
      return `compadd -- \${(f)"$(command yard _complete "$word" "$before" ${values.question.join(' ')} 2>/dev/null)"}`;
    case 'files':
      return null;
    default:
      throw impossible(values satisfies never);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

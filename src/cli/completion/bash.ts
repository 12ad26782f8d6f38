import { impossible } from '../../core/impossible.ts';
import type { ProgramShape } from './command-shape.ts';
import { patternsOf, placesOf, takingValues } from './places.ts';
import type { Place } from './places.ts';
import type { Values } from './values.ts';

/**
 * The script of `yard completion bash`, for bash 3.2 and newer. What is asked of `yard` is somebody else's text: it is
 * never expanded, and put on the line quoted. Where nothing is offered, readline offers names of files.
 */
export function bashScript(program: ProgramShape): string {
  const places = placesOf(program);
  return `# Completion of yard for bash. Made by: yard completion bash

# Whether option $2 of command $1 takes a value.
_yard_takes_value() {
  case "$1 $2" in
${takingValues(places)
  .map((patterns) => `    ${patterns.join(' | ')}) return 0 ;;`)
  .join('\n')}
  esac
  return 1
}

# What may stand at $1 ("COMMAND -", "COMMAND --OPTION" or "COMMAND NUMBER"), a line each; $2 is typed, after $3.
_yard_offers() {
  case "$1" in
${places.flatMap(offer).join('\n')}
  esac
}

_yard() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command='' option='' before='' place=0 index line
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    before="\${COMP_WORDS[index]}"
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
  local where="$command $place"
  if [[ -n "$option" ]]; then
    where="$command $option"
  elif [[ "$word" == -* ]]; then
    where="$command -"
  fi
  while IFS= read -r line; do
    if [[ -n "$line" && "$line" == "$word"* ]]; then
      printf -v line '%q' "$line"
      COMPREPLY[\${#COMPREPLY[@]}]="$line"
    fi
  done < <(_yard_offers "$where" "$word" "$before")
}

complete -o bashdefault -o default -F _yard yard yardmaster
`;
}

function offer(place: Place): string[] {
  const prints = printing(place.values);
  return prints === null ? [] : [`    ${patternsOf(place).join(' | ')}) ${prints} ;;`];
}

function printing(values: Values): string | null {
  switch (values.kind) {
    case 'words':
      return `printf '%s\\n' ${values.words.join(' ')}`;
    case 'ask':
      return `command yard _complete "$2" "$3" ${values.question.join(' ')} 2>/dev/null`;
    case 'files':
      return null;
    default:
      throw impossible(values satisfies never);
  }
}

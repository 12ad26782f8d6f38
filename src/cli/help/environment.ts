import { variableOf } from '../../config/environment-layer.ts';
import { configJsonSchema } from '../../config/schema.ts';
import { scalarKeys } from '../../config/schema-keys.ts';
import { wrapText } from '../terminal/wrap.ts';
import { definitionLines } from './definitions.ts';
import type { Definition } from './definitions.ts';

/** What a command looks at, besides the keys of the configuration. */
export const LOOKED_AT: readonly Definition[] = [
  ['YARD_STATE_DIR', 'Absolute path of the state directory; without it, one for each repository (XDG_STATE_HOME).'],
  ['YARD_VERSIONS_DIR', 'Absolute path of where versions are installed; without it, below XDG_DATA_HOME.'],
  ['XDG_STATE_HOME', 'Where state directories lie; ~/.local/state unless set.'],
  ['XDG_DATA_HOME', 'Where installed versions lie; ~/.local/share unless set.'],
  ['VISUAL, EDITOR', 'The editor of yard edit.'],
  ['NO_COLOR', 'Set to anything: no colours. There are none in a pipe or a file, nor where TERM is dumb.'],
];

const SET_FOR_AGENTS: readonly Definition[] = [
  ['YARD_TASK_ID', 'The id of the task.'],
  ['YARD_ATTEMPT', 'Number of the attempt, from 1.'],
  ['YARD_TOKEN', "Token of the attempt's lease."],
  ['YARD_BASE_SHA', 'Commit that the result is compared with.'],
  ['YARD_TASK', 'Path of a file with the task as JSON.'],
  ['YARD_RESULT', 'Path of a file that the agent may write its report to.'],
  ['YARD_MARKER', 'By which every process of the attempt is found.'],
  ['YARD_TOOLS_KEY', 'Of the server of tools in the cell: by it the tools of this attempt know it.'],
];

const SET_FOR_GATES: readonly Definition[] = [
  ['YARD_GATE', 'Name of the gate.'],
  ['CI', 'true'],
  ['TMPDIR', 'A directory for this run, removed afterwards.'],
];

/** `yard help environment`. */
export function environmentLines(width: number): string[] {
  const keys = scalarKeys(configJsonSchema()).map(({ path }): Definition => [variableOf(path), path.join('.')]);
  return [
    'Looked at:',
    ...definitionLines(LOOKED_AT, width),
    '',
    ...wrapText(
      'Each sets a key of the configuration, over what the files say (yard config KEY shows which holds):',
      width,
    ),
    ...definitionLines(keys, width),
    '',
    'Set for an agent:',
    ...definitionLines(SET_FOR_AGENTS, width),
    '',
    'Set for a gate:',
    ...definitionLines(SET_FOR_GATES, width),
  ];
}

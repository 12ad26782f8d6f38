import { impossible } from '../../core/impossible.ts';
import { inertLine } from '../../core/inert.ts';
import type { Command } from '../../core/plan.ts';
import { counted } from '../terminal/table.ts';

/** What a command does, as one says it. */
export function describeCommand(command: Command): string {
  switch (command.kind) {
    case 'kill':
      return command.subject.of === 'train'
        ? 'end the processes of the train'
        : `end the processes of attempt ${command.subject.attempt} of ${command.subject.taskId}`;
    case 'recover':
      return `recover ${command.taskId}: attempt ${command.attempt} lost its lease (${command.why})`;
    case 'integrate':
      return command.openLandings > 0
        ? `finish ${counted(command.openLandings, 'open landing')}, then integrate ${counted(command.accepted, 'accepted task')}`
        : `integrate ${counted(command.accepted, 'accepted task')}`;
    case 'dispatch':
      return command.phase === 'gating'
        ? `take ${command.taskId} on at its gate: ${inertLine(command.title, 80)}`
        : `start ${command.taskId}: ${inertLine(command.title, 80)}`;
    default:
      throw impossible(command satisfies never);
  }
}

import { openIssueTools } from '../agents/tools/open-issue-tools.ts';
import type { OpenTools } from '../agents/tools/open-issue-tools.ts';
import { inertLine } from '../core/inert.ts';
import type { TaskSpec } from '../core/task.ts';
import { gateOf } from '../gates/gate-choice.ts';
import { NdjsonLog } from '../process/ndjson-log.ts';
import { thenClose } from '../process/then-close.ts';
import { agentCell } from './agent-cell.ts';
import { keepCheckpoint } from './handover.ts';
import type { AttemptContext } from './attempt-context.ts';
import { ifThereIsRoom } from './outlast.ts';

const ACTIVITY_MAX = 120;

/** Opens Yardmaster's own tools for this attempt; what is called of them is evidence. To be closed after its last turn. */
export async function openAttemptTools(context: AttemptContext, spec: TaskSpec): Promise<OpenTools> {
  const { store, fence, taskId, attempt, pin, evidence, redactor } = context;
  const gate = gateOf(pin.config, spec.gate);
  const log = new NdjsonLog(evidence.path('tools.ndjson'), (text) => redactor.text(text));
  const tools = await openIssueTools({
    binding: { taskId, attempt, token: fence.token },
    task: spec,
    gate: { name: gate.name, command: gate.gate.run },
    clock: context.clock,
    stateDirectory: context.stateDirectory,
    redact: (text) => redactor.text(text),
    log: log.record,
    onProgress: async (checkpoint) => {
      // Before it is cut: half of a secret would not be known again.
      const activity = inertLine(redactor.text(`${checkpoint.phase}: ${checkpoint.focus}`), ACTIVITY_MAX);
      await ifThereIsRoom(async () => {
        await store.progress(fence, taskId, attempt, { activity });
        // At once: the attempt may be killed before it ends.
        await keepCheckpoint(context, checkpoint);
      });
    },
    owner: context.cells.sandboxFor(agentCell(context)).owner,
    program: context.cells.ownProgram(agentCell(context)),
  });
  const close = tools.close.bind(tools);
  // A finished work is not done anew for lines of a log that found no room.
  return Object.assign(tools, { close: () => thenClose(close, () => ifThereIsRoom(() => log.close())) });
}

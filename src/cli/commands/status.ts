import { codeOf } from '../../core/error-code.ts';
import { setTimeout as delay } from 'node:timers/promises';

import type { CommandContext, ExitCode, Reading } from '../context.ts';
import { EXIT } from '../context.ts';
import { makeStatus, statusJson } from '../status/status-view.ts';
import type { StatusWanted } from '../status/status-view.ts';
import { renderStatus } from '../status/status-text.ts';

const WATCH_MS = 1_000;
/** Of the tasks that only wait, and of those that are done, a person wants to see the next and the last. */
const SHOWN = { ready: 50, finished: 20, recent: 5 };
const RECENT_JSON = 20;

export interface StatusOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly limit?: number;
}

/** `yard status`. */
export async function statusCommand(context: CommandContext, options: StatusOptions): Promise<ExitCode> {
  const { output, compose, env } = context;
  const wanted = wantedBy(options);
  const reading = await openOrEmpty(context, options);
  if (reading === null) return EXIT.ok;
  try {
    const look = () => makeStatus(reading, { clock: compose.clock, env }, wanted);
    if (options.watch === true && options.json !== true && output.canRedraw) {
      const { watch } = await import('../terminal/watch.ts');
      await watch(output, async (width) => renderStatus(await look(), width), WATCH_MS);
      return EXIT.ok;
    }
    for (;;) {
      const status = await look();
      if (options.json === true) output.jsonText(statusJson(status), { lines: options.watch === true });
      else output.lines(renderStatus(status, output.width));
      if (options.watch !== true) return EXIT.ok;
      await delay(WATCH_MS);
      if (output.isClosed) return EXIT.ok;
    }
  } finally {
    await reading.reader.close();
  }
}

/** Null where nothing has run yet, which has been said then. */
async function openOrEmpty(context: CommandContext, { json }: StatusOptions): Promise<Reading | null> {
  const { output, compose, cwd } = context;
  try {
    return await compose.reading(cwd);
  } catch (error) {
    if (codeOf(error) !== 'no-yard') throw error;
    const { statusBeforeRun } = await import('../status/status-before-run.ts');
    const status = await statusBeforeRun(context);
    if (status === null) throw error;
    if (json === true) output.jsonText(statusJson(status), { lines: false });
    else output.lines(['nothing has run yet', ...renderStatus(status, output.width)]);
    return null;
  }
}

function wantedBy({ json, limit }: StatusOptions): StatusWanted {
  const { ready, finished, recent } = SHOWN;
  return { tasks: { ready, finished: limit ?? finished }, recent: limit ?? (json === true ? RECENT_JSON : recent) };
}

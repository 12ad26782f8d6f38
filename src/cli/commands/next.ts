import { describeCommand } from '../schedule/command-sentence.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { makeNext } from '../schedule/next-view.ts';
import type { NextView } from '../schedule/next-view.ts';
import { NO_SCHEDULER } from '../schedule/scheduler.ts';
import { counted } from '../terminal/table.ts';
import { groupWaiting, renderGroups, WaitingSentences } from '../waiting/waiting-groups.ts';

export interface NextOptions {
  readonly explain?: boolean;
  readonly json?: boolean;
}

/** `yard next`: what the next cycle would do, in order. */
export async function nextCommand(context: CommandContext, options: NextOptions): Promise<ExitCode> {
  const { output, compose, cwd } = context;
  const reading = await compose.reading(cwd);
  try {
    const next = await makeNext(reading, compose.clock, { explain: options.explain === true });
    if (next === null) {
      if (options.json === true) output.json({ scheduler: null, unimported: 0, commands: [] });
      output.say('nothing has run yet; start with: yard run');
      return EXIT.ok;
    }
    if (options.json === true) output.jsonText(nextJson(next), { lines: false });
    else {
      output.lines(renderNext(next, output.width));
      if (next.scheduler === null && next.commands.length + next.unimported > 0) output.say(NO_SCHEDULER);
    }
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

function nextJson({ scheduler, unimported, commands, refused }: NextView): string {
  const sentences = new WaitingSentences();
  const explained = refused?.map(({ id, title, waiting }) => {
    return { id, title, waiting: waiting.map((entry) => ({ ...entry, detail: sentences.of(entry, id) })) };
  });
  return JSON.stringify({
    scheduler,
    unimported,
    commands,
    ...(explained === undefined ? {} : { refused: explained }),
  });
}

/** In the order in which a cycle goes about it. */
export function renderNext({ unimported, commands, refused }: NextView, width: number): string[] {
  const steps = [
    ...(unimported > 0 ? [`import ${counted(unimported, 'task file')}; what is in them is not looked at here`] : []),
    ...commands.map(describeCommand),
  ];
  const lines =
    steps.length === 0
      ? ['the next cycle would do nothing']
      : ['the next cycle would:', ...steps.map((step, index) => `${String(index + 1).padStart(4)}. ${step}`)];
  if (refused === null) {
    if (steps.length === 0) lines.push('why not: yard next --explain, yard why --all');
    return lines;
  }
  if (refused.length === 0) return [...lines, '', 'no ready task is left over'];
  const groups = renderGroups(groupWaiting(refused), width, 'yard next --explain --json');
  return [...lines, '', `${counted(refused.length, 'ready task')} would not start:`, ...groups];
}

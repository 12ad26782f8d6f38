import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { findTask } from '../tasks/find-task.ts';
import { readStory } from '../story/task-story.ts';
import { storyLines } from '../story/task-story-text.ts';

/** `yard show ID`: all that is known of a task. */
export async function showCommand(
  { output, compose, cwd }: CommandContext,
  id: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const reading = await compose.reading(cwd);
  try {
    const story = await readStory(reading, await findTask(reading.reader, id, reading.location), compose.clock);
    if (options.json === true) output.json(story);
    else output.lines(storyLines(story, output));
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

import { UserError } from '../../core/user-error.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { reportOf } from '../account/make-report.ts';
import { readRange } from '../account/read-range.ts';
import type { RangeOptions } from '../account/read-range.ts';

export interface ReportOptions extends RangeOptions {
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** `yard report`. */
export async function reportCommand(context: CommandContext, options: ReportOptions): Promise<ExitCode> {
  const { compose, cwd, output } = context;
  if (options.json === true && options.markdown === true) {
    const hint = 'Leave one of them out.';
    throw new UserError({ code: 'two-formats', message: '--json and --markdown exclude each other', hint });
  }
  const { reader, pin } = await compose.reading(cwd);
  try {
    const range = await readRange(reader, options, compose.clock.nowMs());
    const report = await reportOf(reader, range, pin?.config.limits.consecutiveFailures ?? null);
    if (options.json === true) output.json(report);
    else if (options.markdown === true) {
      const { reportMarkdown } = await import('../account/report-markdown.ts');
      for (const line of reportMarkdown(report)) output.print(line);
    } else {
      const { reportText } = await import('../account/report-text.ts');
      for (const line of reportText(report, output.width)) output.print(line);
    }
    return EXIT.ok;
  } finally {
    await reader.close();
  }
}

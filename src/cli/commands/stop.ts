import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { checkWhy } from '../tasks/on-tasks.ts';
import { atWork, describeUnfinished, waitFor } from '../run/at-work.ts';
import { stopNow } from './stop-now.ts';

const BY = 'the operator';

export interface StopOptions {
  readonly why?: string;
  readonly now?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly json?: boolean;
}

/** `yard stop`: nothing new starts or lands; what runs comes to its end, or is ended with `--now`. */
export async function stopCommand(context: CommandContext, options: StopOptions): Promise<ExitCode> {
  checkWhy(options.why);
  if (options.timeout !== undefined && options.wait !== true) {
    throw new UserError({
      code: 'usage',
      message: '--timeout says how long --wait waits, and nothing waits without it',
      hint: 'Add --wait, or leave it out.',
    });
  }
  if (options.now === true && options.wait === true) {
    throw new UserError({
      code: 'usage',
      message: '--now ends what --wait would wait for',
      hint: 'Say one of them: --now returns once what it ended is proved dead.',
    });
  }
  const yard = await context.compose.yard(context.cwd);
  try {
    if (options.now === true) return await stopNow(context, yard, options);
    const { stopped: before } = await yard.store.control();
    if (before === null || options.why !== undefined) await yard.store.stop(BY, options.why ?? 'yard stop');
    const code = options.wait === true ? await settle(context, yard, options.timeout ?? Infinity) : EXIT.ok;
    const { stopped } = await yard.store.control();
    if (options.json === true) {
      const left = await atWork(yard.store, context.compose.clock);
      const standing = stopped === null ? null : { by: stopped.by, why: stopped.why };
      context.output.json({ stopped: standing, already: before !== null, atWork: left });
    } else if (before !== null && options.why === undefined) {
      const why = inertLine(before.why, 200).replace(/\.+$/, '');
      context.output.print(`stopped already, by ${before.by}: ${why}. Go on with: yard resume`);
    } else {
      const rest = options.wait === true ? '' : '; attempts that run come to their end';
      context.output.print(`stopped: nothing new starts or lands${rest}. Go on with: yard resume`);
    }
    return code;
  } finally {
    await yard.store.close();
  }
}

/** The stop stays, whatever the wait comes to. */
async function settle({ output, compose }: CommandContext, { store }: LocalYard, timeoutMs: number): Promise<ExitCode> {
  const interrupt = new Interrupt(() => process.exit(EXIT.failed));
  try {
    const left = (): Promise<string[]> => atWork(store, compose.clock);
    const waited = await waitFor(output, left, { signal: interrupt.signal, timeoutMs });
    if (waited === 'done') {
      output.say('nothing is at work any more');
      return EXIT.ok;
    }
    output.say(`${describeUnfinished(waited, timeoutMs, await left())}. End it with: yard stop --now`);
    return EXIT.failed;
  } finally {
    interrupt.dispose();
  }
}

import { Notifier } from '../../reconcile/notifier.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { CommandContext } from '../context.ts';

/** Tells people what needs them while this process drives the yard. */
export function makeNotifier({ env, output, compose }: CommandContext, yard: LocalYard): Notifier {
  return new Notifier({
    store: yard.store,
    settings: yard.settings,
    repository: yard.repository,
    redactor: yard.redactor,
    clock: compose.clock,
    environment: env,
    onTrouble: (error) =>
      output.warn(`messages wait: ${error instanceof Error ? error.message : 'for a reason unknown'}`),
  });
}

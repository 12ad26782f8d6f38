import { once } from 'node:events';
import { launch, type SpawnFailure } from './launch.ts';

/** How a program ended that had the terminal. */
export type InteractiveEnd = { readonly kind: 'exited'; readonly code: number } | SpawnFailure;

/**
 * Runs a program that talks with the person at the terminal, such as an editor: it gets our own streams, stays in our
 * process group, and signals of the terminal are for it to obey until it ends.
 */
export async function runInteractively(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<InteractiveEnd> {
  const leaveIt = (): void => undefined;
  process.on('SIGINT', leaveIt);
  process.on('SIGQUIT', leaveIt);
  try {
    const launched = await launch(file, args, { ...options, session: false, stdio: 'inherit' });
    if (launched.kind === 'spawn-failed') return launched;
    const { child } = launched;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { kind: 'exited', code: child.exitCode ?? 1 };
  } finally {
    process.off('SIGINT', leaveIt);
    process.off('SIGQUIT', leaveIt);
  }
}

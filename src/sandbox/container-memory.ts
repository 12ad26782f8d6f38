import type { ContainerEngine } from '../core/sandbox-choice.ts';
import { systemClock } from '../process/clock.ts';
import { ask } from './container-removal.ts';

/** The clocks of this machine and of an engine's virtual one differ by less. */
const SKEW_MS = 60_000;

/** Whether the kernel ended something of a container, which need not be there any more, for want of memory. */
export async function ranOutOfMemory(engine: ContainerEngine, name: string, sinceMs: number): Promise<boolean> {
  // Podman tells of no such event.
  if (engine.flavour !== 'docker') return false;
  const between = [`--since=${seconds(sinceMs - SKEW_MS)}`, `--until=${seconds(systemClock.nowMs())}`];
  const filters = [`--filter=container=${name}`, '--filter=event=oom'];
  const { code, said } = await ask(engine, ['events', ...between, ...filters, '--format={{.Action}}']);
  return code === 0 && said.trim().startsWith('oom');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

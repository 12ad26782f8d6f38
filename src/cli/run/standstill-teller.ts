import type { CycleReport } from '../../reconcile/scheduler.ts';
import { formatTime } from '../story/event-line.ts';
import type { Output } from '../terminal/output.ts';
import { standstill } from './standstill.ts';

/** Says once that nothing can start and why, and anew when the reason is another one. */
export class StandstillTeller {
  readonly #output: Pick<Output, 'say'>;
  #told: string | null = null;

  constructor(output: Pick<Output, 'say'>) {
    this.#output = output;
  }

  look(report: Pick<CycleReport, 'snapshot' | 'commands'>, nowMs: number, only?: string): void {
    const still = standstill(report, nowMs, only ?? null);
    if (still !== null && still.key !== this.#told) {
      const when = still.untilMs === null ? '' : ` before ${formatTime(still.untilMs)}`;
      for (const sentence of still.sentences) this.#output.say(`nothing can start${when}: ${sentence}`);
    }
    this.#told = still?.key ?? null;
  }
}

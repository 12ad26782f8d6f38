import { PROMISES } from './fault.ts';
import type { Loss } from './fault.ts';

/** What a campaign has done and found. */
export class Tally {
  readonly #faults = new Map<string, number>();
  readonly #cases = new Map<string, number>();
  readonly #losses: { readonly loss: Loss; readonly repeat: string; readonly kept: string | null }[] = [];

  fault(kind: string, count = 1): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
  }

  case(kind: string, count = 1): void {
    this.#cases.set(kind, (this.#cases.get(kind) ?? 0) + count);
  }

  lose(losses: readonly Loss[], repeat: string, kept: string | null): void {
    for (const loss of losses) this.#losses.push({ loss, repeat, kept });
  }

  get lost(): number {
    return this.#losses.length;
  }

  get faults(): number {
    return [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Markdown. */
  table(heading: string): string {
    const rows = [...this.#faults]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `| ${kind} | ${count} |`);
    const cases = [...this.#cases].map(([kind, count]) => `${count} ${kind}`).join(', ');
    const losses = PROMISES.map((promise) => this.#losses.filter(({ loss }) => loss.promise === promise).length);
    return [
      `${heading} Cases: ${cases || 'none'}.`,
      '',
      '| fault | injected |',
      '|---|---:|',
      ...rows,
      `| all | ${this.faults} |`,
      '',
      `| promise | ${PROMISES.join(' | ')} |`,
      `|---|${PROMISES.map(() => '---:|').join('')}`,
      `| lost | ${losses.join(' | ')} |`,
    ].join('\n');
  }

  /** Each loss, and what to run to see it again. */
  complaints(): string[] {
    return this.#losses.map(({ loss, repeat, kept }) => {
      const where = kept === null ? '' : `\n  it is kept in ${kept}`;
      return `${loss.promise}: ${loss.what}${where}\n  again: ${repeat}`;
    });
  }
}

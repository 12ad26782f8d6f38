import { RotatedLog } from '../process/rotated-log.ts';
import type { RotatedLogLimits } from '../process/rotated-log.ts';

const LINE_MAX = 100_000;
const WAITING_MAX = 64 * 1024;

/**
 * The raw output of a turn, as NDJSON: `{"at":…,"stream":"stdout","text":…}`. Bounded, appended as it comes, so that
 * `yard logs -f` can follow it. Throws what the disk says.
 */
export class Transcript {
  readonly #file: RotatedLog;
  #waiting = '';

  constructor(path: string, limits?: RotatedLogLimits) {
    this.#file = new RotatedLog(path, {
      endOfHead: (later) => JSON.stringify({ cut: true, text: `[the output goes on in ${later.join(' and ')}]` }),
      startOfPart: (offsetBytes) => {
        const fromByte = String(offsetBytes).padStart(15, '0');
        return JSON.stringify({ fromByte, text: `[the output goes on here, at byte ${fromByte}]` });
      },
      limits,
    });
  }

  /** To be followed by `flush`: one write for all the lines that came at once. */
  line(atMs: number, stream: 'stdout' | 'stderr' | 'agent', text: string): void {
    this.#waiting += `${JSON.stringify({ at: atMs, stream, text: text.slice(0, LINE_MAX) })}\n`;
    if (this.#waiting.length > WAITING_MAX) this.flush();
  }

  flush(): void {
    if (this.#waiting === '') return;
    const data = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#file.write(data);
  }

  close(): void {
    try {
      this.flush();
    } finally {
      this.#file.close();
    }
  }
}

import type { Redactor } from '../core/redact.ts';
import { rmSync } from '../process/file-system.ts';
import { RedactedBytes } from '../process/redacted-bytes.ts';
import { RotatedLog } from '../process/rotated-log.ts';
import type { RotatedLogLimits } from '../process/rotated-log.ts';
import { Tail } from '../process/tail.ts';

const TAIL_BYTES = 12 * 1024;
/** Of what a command prints, beside its log: where a cell could not be made, it says why. */
export const KEPT_BYTES = 16 * 1024;

/**
 * What a gate or a prewarm printed, without secrets: a file that can be followed, bounded, and its end for whoever must
 * mend it. Throws what the disk says.
 */
export class GateLog {
  readonly #file: RotatedLog;
  readonly #redacted: RedactedBytes;
  readonly #tail = new Tail(TAIL_BYTES);

  /** Begins a new file: what an agent may have put in its place (a FIFO, a link) is gone. */
  constructor(path: string, redactor: Redactor, limits?: RotatedLogLimits) {
    rmSync(path, { recursive: true, force: true });
    this.#file = new RotatedLog(path, {
      endOfHead: (later) => `\n[the output goes on in ${later.join(' and ')}]`,
      startOfPart: (offsetBytes) => `[the output goes on here, at byte ${String(offsetBytes).padStart(15, '0')}]`,
      limits,
    });
    this.#redacted = new RedactedBytes(redactor, (bytes) => {
      this.#tail.push(bytes);
      this.#file.write(bytes);
    });
  }

  push(chunk: Buffer): void {
    this.#redacted.push(chunk);
  }

  note(text: string): void {
    this.push(Buffer.from(`${text}\n`));
  }

  /** When no more comes: what was held back is part of it. */
  tail(): string {
    this.#redacted.end();
    return this.#tail.text();
  }

  close(): void {
    try {
      this.#redacted.end();
    } finally {
      this.#file.close();
    }
  }
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { Redactor } from '../core/redact.ts';
import { redactJson } from '../core/redact-json.ts';
import { errnoOf } from '../process/errno.ts';
import { syncFile, writeFileDurably } from '../process/file.ts';
import { redactBytes } from '../process/redacted-bytes.ts';
import { removeTree } from '../process/removal.ts';
import { mkdir } from '../process/file-system.ts';
import { evidenceDirectory } from './evidence-directory.ts';

/** What a rename says of a directory in its place. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['EISDIR', 'ENOTEMPTY', 'EEXIST']);

/** The directory `attempts/<task>/<n>/`: what the attempt was told, did and proved. Written by this attempt alone. */
export class Evidence {
  readonly directory: string;
  readonly #redactor: Redactor;

  private constructor(directory: string, redactor: Redactor) {
    this.directory = directory;
    this.#redactor = redactor;
  }

  /** @param redactor passed by all that is written here. */
  static async create(stateDirectory: string, taskId: string, attempt: number, redactor: Redactor): Promise<Evidence> {
    const directory = evidenceDirectory(stateDirectory, taskId, attempt);
    await mkdir(join(directory, 'outbox'), { recursive: true, mode: 0o700 });
    return new Evidence(directory, redactor);
  }

  /** The one place in it that the agent may write to. */
  get outbox(): string {
    return this.path('outbox');
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, data: string | Buffer): Promise<void> {
    const redactor = this.#redactor;
    return this.#write(name, typeof data === 'string' ? redactor.text(data) : redactBytes(redactor, data));
  }

  writeJson(name: string, value: unknown): Promise<void> {
    const text = redactJson(JSON.stringify(value), (part) => this.#redactor.text(part));
    return this.#write(name, `${JSON.stringify(JSON.parse(text), null, 2)}\n`);
  }

  async #write(name: string, data: string | Buffer): Promise<void> {
    try {
      await writeFileDurably(this.path(name), data);
    } catch (error) {
      if (!IN_THE_WAY.has(errnoOf(error) ?? '')) throw error;
      // An agent without a sandbox can put a directory there.
      await removeTree(this.path(name));
      await writeFileDurably(this.path(name), data);
    }
  }

  /** Hashes of all files, so that a later change of one is seen. Returns the hash of the manifest itself. */
  async seal(): Promise<string> {
    const files: Record<string, string> = {};
    for (const entry of await readdir(this.directory, { withFileTypes: true })) {
      if (!entry.isFile() || entry.name === 'manifest.json') continue;
      // Logs were streamed: what the manifest vouches for must survive a power cut as it does.
      await syncFile(this.path(entry.name));
      files[entry.name] = await hashFile(this.path(entry.name));
    }
    const text = `${JSON.stringify({ files: sortKeys(files) }, null, 2)}\n`;
    await this.#write('manifest.json', text);
    return createHash('sha256').update(text).digest('hex');
  }
}

/** Gone when its turn has ended, but for one that lost its lease meanwhile. */
export function outboxOf(stateDirectory: string, taskId: string, attempt: number): string {
  return join(evidenceDirectory(stateDirectory, taskId, attempt), 'outbox');
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

import { inDepot, readBlobs } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';

/** Read at once, unless a single one is larger. */
const BATCH_BYTES = 8 * 1024 * 1024;
const BATCH_MAX = 2_000;

/**
 * Reads many blobs in their order, a batch at a time: neither a process for each, nor all of them in memory.
 */
export class BlobReader {
  readonly #depot: Depot;
  readonly #oids: readonly string[];
  readonly #places: ReadonlyMap<string, number>;
  #sizes: readonly number[] | null = null;
  #batch = new Map<string, Buffer | null>();

  /** @param oids what will be asked for, in this order. */
  constructor(depot: Depot, oids: readonly string[]) {
    this.#depot = depot;
    this.#oids = [...new Set(oids)];
    this.#places = new Map(this.#oids.map((oid, place) => [oid, place]));
  }

  /** The content of one of them; null where it is no blob, or not there. */
  async read(oid: string): Promise<Buffer | null> {
    if (!this.#batch.has(oid)) this.#batch = await this.#load(this.#places.get(oid) ?? 0);
    return this.#batch.get(oid) ?? null;
  }

  async #load(first: number): Promise<Map<string, Buffer | null>> {
    this.#sizes ??= await sizesOf(this.#depot, this.#oids);
    const wanted: string[] = [];
    let bytes = 0;
    for (const [index, oid] of this.#oids.slice(first, first + BATCH_MAX).entries()) {
      bytes += this.#sizes[first + index] ?? 0;
      if (wanted.length > 0 && bytes > BATCH_BYTES) break;
      wanted.push(oid);
    }
    const blobs = await readBlobs(this.#depot, wanted);
    return new Map(wanted.map((oid, index) => [oid, blobs[index] ?? null]));
  }
}

async function sizesOf(depot: Depot, oids: readonly string[]): Promise<number[]> {
  const input = oids.map((oid) => `${oid}\n`).join('');
  const { stdout } = await git(['cat-file', '--batch-check=%(objectsize)'], { ...inDepot(depot), input });
  // What is missing is told with its name in front, and has no size.
  return stdout
    .toString('latin1')
    .split('\n')
    .slice(0, oids.length)
    .map((line) => Number(line) || 0);
}

import { join } from 'node:path';

/** Directories of a cell alone, in its scratch: they stand where the home and /tmp of others would. */
export interface OwnPlaces {
  readonly home: string;
  readonly temporary: string;
}

export function ownPlaces(scratch: string): OwnPlaces {
  return { home: join(scratch, 'home'), temporary: join(scratch, 'tmp') };
}

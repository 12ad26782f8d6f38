import { lookup } from 'node:dns/promises';

/** The addresses of a name. Rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Each holds one of the four threads that everything else of this process shares. */
const LOOKUPS_MAX = 2;

/** As every program of this machine resolves names, but few at a time: a cell may ask for names that answer slowly. */
export function systemResolve(): Resolve {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (host) => {
    if (running >= LOOKUPS_MAX) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise;
    }
    running += 1;
    try {
      return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

import type { Duplex } from 'node:stream';

/**
 * Passes bytes both ways, and the end of each way by itself; a side that is slow to read holds the other one back. Both
 * must be made with `allowHalfOpen`. What breaks one breaks the other; resolves, with whether something broke, once both
 * are closed.
 */
export async function joinStreams(one: Duplex, other: Duplex): Promise<{ readonly broken: boolean }> {
  let broken = false;
  const closed = [one, other].map((stream) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (stream.closed) resolve();
    stream.once('close', resolve);
    stream.on('error', () => {
      broken = true;
    });
    return promise;
  });
  for (const [stream, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    stream.once('close', () => {
      // An end that was read has been passed on already, with all that came before it.
      if (!stream.readableEnded || broken) peer.destroy();
    });
    if (stream.destroyed) peer.destroy();
  }
  one.pipe(other);
  other.pipe(one);
  await Promise.all(closed);
  return { broken };
}

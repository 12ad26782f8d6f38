/**
 * Does `work`, and `close` after it, whatever became of it. Of two errors the first one is thrown, as it is: whoever catches it
 * goes by its code, and `finally` would show the second alone, `await using` a third.
 */
export async function thenClose<T>(work: () => Promise<T>, close: () => Promise<unknown>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // What keeps it from closing now mostly comes of the same; what is left is found by the next sweep.
    await close().catch(() => undefined);
    throw error;
  }
  await close();
  return result;
}

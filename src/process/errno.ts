/** The `code` of a Node error (`ENOENT`, `ERR_…`), or null for anything that carries none. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** What was read; null where the system refused it, whatever its reason: gone meanwhile, closed to us. */
export function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

/** The `code` of a Node error (`ENOENT`, `ERR_…`), or null for anything that carries none. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

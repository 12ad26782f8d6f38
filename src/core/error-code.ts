/** By which an error is told from others, whichever copy of the package has thrown it; undefined for one that has none. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

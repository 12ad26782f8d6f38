/** What is wrong with a path that must lie inside the repository, as the end of a sentence; null when nothing is. */
export function relativePathProblem(path: string): string | null {
  if (path.trim() === '') return 'is empty';
  if (path.length > 500) return 'is longer than 500 characters';
  if (hasControlCharacter(path)) return 'has a control character';
  if (path.includes('\\')) return 'has a backslash; separate segments with /';
  if (path.startsWith('/') || path.startsWith('~') || /^[A-Za-z]:/.test(path)) {
    return 'is not relative to the root of the repository';
  }
  const segments = path.replace(/\/$/, '').split('/');
  if (segments.includes('..')) return 'leads out of the repository';
  if (segments.some((segment) => segment === '' || segment === '.')) return 'has an empty segment';
  if (segments.some((segment) => segment.toLowerCase() === '.git')) return 'leads into .git';
  return null;
}

/** C0, DEL and C1: what a terminal obeys and no path or title needs. */
export function hasControlCharacter(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  }
  return false;
}

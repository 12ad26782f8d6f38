const BRANCH_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,100}$/;

/**
 * True for a branch name that git, a shell and a file system can only take as that branch. An allow-list, narrower than
 * git's own rules: no option, no revision expression, no special ref, nothing to quote.
 */
export function isBranchName(text: string): boolean {
  if (!BRANCH_NAME.test(text) || text.includes('..') || text.endsWith('.')) return false;
  // `HEAD` and its like name whatever git did last, and `refs/heads/x` as a branch would read as the branch `x`.
  if (/^(?:[A-Z]+_)*HEAD(?:\/|$)/.test(text) || text.startsWith('refs/')) return false;
  return text.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

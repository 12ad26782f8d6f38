/**
 * Deliberate defects of the simulated yard. A campaign that passes one of them proves nothing: each must be found.
 * `P2` to `P5` are the promises of docs/promises.md that they break.
 */
export const DEFECTS = {
  /** P2: a red combination is taken for green. */
  'red-is-green': 'P2',
  /** P3: recovery does not look whether the landing came about. */
  'landing-forgotten': 'P3',
  /** P4: the store takes writes with outdated tokens. */
  'stale-token-accepted': 'P4',
  /** P4, P8: what a lost attempt has left running is not ended. */
  'nothing-is-killed': 'P8',
  /** P5: attempts that died are never recovered. */
  'never-recovered': 'P5',
} as const;

export type Defect = keyof typeof DEFECTS;

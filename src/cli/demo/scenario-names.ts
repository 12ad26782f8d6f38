/** Known without loading the demos; `find-scenario.test.ts` holds them together. */
export const SCENARIO_NAMES: readonly string[] = ['backlog', 'hostile', 'steer'];

/**
 * Tests that take minutes: left out of a plain `npm test`, which is for every commit. `YARD_TESTS=all npm test` runs them
 * too, and that is what CI does.
 */
export const LONG_TESTS: readonly string[] = [
  'test/conformance/agent-claude-acp.test.ts',
  'test/conformance/agent-codex-acp.test.ts',
  'test/conformance/agent-gemini-acp.test.ts',
  'test/conformance/agent-gemini.test.ts',
  'test/conformance/agent-model.test.ts',
  'test/conformance/agent-opencode-acp.test.ts',
  'test/conformance/agent-opencode.test.ts',
  'test/conformance/agent-pi.test.ts',
  'test/conformance/agent-qwen-acp.test.ts',
  'test/conformance/agent-qwen.test.ts',
  'test/e2e/containers.test.ts',
  'test/e2e/disk-full.test.ts',
  'test/e2e/example.test.ts',
  'test/faults/corrupt-state.test.ts',
  'test/faults/defects.test.ts',
  'test/faults/flood.test.ts',
  'test/faults/git-kills.test.ts',
  'test/faults/half-made.test.ts',
  'test/faults/killers.test.ts',
  'test/faults/killing.test.ts',
  'test/faults/power-cut.test.ts',
  'test/hostile/files.test.ts',
  'test/hostile/git.test.ts',
];

/** Whether this run leaves nothing out. */
export const RUNS_ALL = process.env['YARD_TESTS'] === 'all';

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { bareConfig } from '../config/bare-config.ts';
import type { SandboxSupport } from '../core/sandbox-choice.ts';
import { hiddenPrograms } from './hidden-programs.ts';

const MISSING = { kind: 'missing', why: 'it is not there' } as const;
const WORKS: SandboxSupport = {
  bubblewrap: { kind: 'works', what: 'bubblewrap', program: '/usr/bin/bwrap' },
  container: MISSING,
  overlay: MISSING,
};
const LACKS: SandboxSupport = { ...WORKS, bubblewrap: MISSING };

test('a program that its cell hides is told before it is started, with what to name', async () => {
  const base = await useTemporaryDirectory('hidden-programs');
  const inHidden = ['/tmp', '/var/tmp', homedir()].some((place) => base.startsWith(place));
  expect(inHidden).toBe(true);
  const program = join(base, 'node_modules/.bin/codex');
  const script = join(base, 'agent.sh');
  for (const path of ['node_modules/@openai/codex/bin/codex.js', 'node_modules/.bin/x', 'agent.sh']) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), '');
  }
  symlinkSync(join(base, 'node_modules/@openai/codex/bin/codex.js'), program);
  const bare = bareConfig();
  const { codex, claude, gemini, opencode } = bare.agents;
  if (codex?.kind !== 'codex' || claude?.kind !== 'claude' || gemini === undefined || opencode?.kind !== 'opencode')
    throw new Error('these are built in');
  const { cell } = codex;
  const agents = {
    ...bare.agents,
    codex: { ...codex, run: [program], declared: true },
    given: { ...codex, run: [program], declared: true, cell: { ...cell, read: [join(base, 'node_modules')] } },
    gone: { ...claude, run: [join(base, 'gone')], declared: true },
    open: { ...claude, run: [script], declared: true, cell: { ...cell, kind: 'none' as const } },
    node: { ...claude, run: [process.execPath, 'x.js'], declared: true },
    script: { ...opencode, run: [script], declared: false },
  };
  const config = { ...bare, agents };
  const places = { path: '/usr/bin:/bin', stateDirectory: '/no/state' };
  const ofCodex = `the program ${program} of agents.codex is hidden in its cell: name ${join(base, 'node_modules')} under sandbox.agents.read`;
  expect(hiddenPrograms(config, [], WORKS, places)).toEqual([ofCodex]);
  expect(hiddenPrograms(config, ['claude, script:x'], WORKS, places)).toEqual([
    ofCodex,
    expect.stringContaining(`agents.script is hidden in its cell: name ${script} under`),
  ]);
  expect(hiddenPrograms(config, [], LACKS, places)).toEqual([]);
});

// Writes every generated file; with --check it only tells which are not current, and exits 1 if any is not.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderDoctorSchema } from '../src/cli/doctor/report.ts';
import { renderConfigSchema } from '../src/config/schema.ts';
import { makeAgentsDoc } from './generate-agent-proof.ts';
import { makeManPage } from './generate-man.ts';
import { makeStatesDoc } from './generate-states.ts';

interface Generated {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly make: () => string;
}

const generated: readonly Generated[] = [
  { path: 'schema/config.schema.json', make: renderConfigSchema },
  { path: 'schema/doctor.schema.json', make: renderDoctorSchema },
  { path: 'docs/states.md', make: makeStatesDoc },
  { path: 'docs/agents.md', make: makeAgentsDoc },
  { path: 'man/yard.1', make: makeManPage },
];

const root = join(import.meta.dirname, '..');
const checking = process.argv.includes('--check');
const stale = generated.filter(({ path, make }) => read(path) !== make());

for (const { path, make } of stale) {
  if (checking) console.error(`${path} is not current; run: npm run generate`);
  else {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), make());
    console.log(`wrote ${path}`);
  }
}
if (checking && stale.length > 0) process.exitCode = 1;

function read(path: string): string | null {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    // Not made yet: not current either.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

import { mkdir, mkdtemp, readdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { stringify } from 'yaml';

import { IGNORE_FILE, IGNORE_TEXT, SCHEMA_FILE } from '../../config/init.ts';
import { CONFIG_FILE } from '../../config/load.ts';
import { renderConfigSchema } from '../../config/schema.ts';
import { formatTaskFile } from '../../config/task-file-writer.ts';
import { yamlText } from '../../config/yaml-text.ts';
import { UserError } from '../../core/user-error.ts';
import { makeRepository } from '../../git/new-repository.ts';
import { errnoOf } from '../../process/errno.ts';
import { findProgram } from '../../process/find-program.ts';
import { taskFileName } from '../../trackers/new-task-file.ts';
import { writeFile } from '../../process/file-system.ts';
import type { DemoAgent } from './demo-agent.ts';
import type { DemoPlaces, Scenario } from './scenario.ts';
import { shellWord } from '../../core/shell-word.ts';

/** A demo on disk. */
export interface DemoProject extends DemoPlaces {
  /** Its first commit. */
  readonly commit: string;
}

/** For the project and for what lands: on nobody's machine is there more to set up. */
const AUTHOR = { name: 'Demo', email: 'demo@localhost' };
/** Programs can be large: half a gigabyte, each. */
const REAL_AT_ONCE = 3;
const RECIPES_FILE = '.yard/recipes.yaml';

export const DEMO_TARGET = 'agent/integration';

/**
 * @param directory made if it is not there; null takes a new temporary one.
 * @param agent null: the scripted one. @throws UserError `demo-directory`.
 */
export async function makeProject(
  scenario: Scenario,
  directory: string | null,
  agent: DemoAgent | null = null,
): Promise<DemoProject> {
  const place =
    directory === null ? await mkdtemp(join(tmpdir(), 'yardmaster-demo-')) : await claim(resolve(directory));
  const real = await realpath(place);
  const root = join(real, scenario.project);
  const commit = await makeRepository({
    path: root,
    branch: 'main',
    files: new Map(Object.entries({ ...scenario.files, ...agent?.files, ...yardFiles(scenario, agent) })),
    author: AUTHOR,
    message: `The ${scenario.project}, and its backlog`,
  });
  for (const [path, text] of Object.entries(scenario.untracked ?? {})) await writeFile(join(root, path), text);
  return { directory: real, root, stateDirectory: join(real, 'state'), commit };
}

async function claim(directory: string): Promise<string> {
  const refused = (why: string): UserError =>
    new UserError({
      code: 'demo-directory',
      message: `the demo cannot be made in ${directory}: ${why}`,
      hint: 'Name a directory that is empty or does not exist yet.',
    });
  try {
    await mkdir(directory, { recursive: true });
    if ((await readdir(directory)).length === 0) return directory;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    throw refused(error instanceof Error ? error.message : String(error));
  }
  throw refused('it is not empty');
}

function yardFiles({ tasks, recipes, secrets = {} }: Scenario, agent: DemoAgent | null): Record<string, string> {
  const files: Record<string, string> = {
    [CONFIG_FILE]: renderDemoConfig(Object.keys(secrets), agent),
    [SCHEMA_FILE]: renderConfigSchema(),
    [IGNORE_FILE]: IGNORE_TEXT,
  };
  // A real program is told nothing of them.
  if (agent === null) {
    files[RECIPES_FILE] =
      `# What the replay agent does: for each task, the steps of each attempt.\n${stringify(recipes, { lineWidth: 0 })}`;
  }
  for (const spec of tasks) files[`.yard/tasks/${taskFileName(spec)}`] = formatTaskFile(spec);
  return files;
}

function renderDemoConfig(secrets: readonly string[], agent: DemoAgent | null): string {
  return `# yaml-language-server: $schema=./config.schema.json
version: 1
target: ${DEMO_TARGET}
defaults: { agent: ${yamlText(agent?.spec ?? 'rehearsal')}, gate: default }
gates:
  default:
    # One process for all test files: the demo is to be over soon.
    run: ${yamlText(`${nodeCommand()} --test --test-isolation=none`)}
    timeout: 2m
agents:
${agent === null ? scriptedEntry(secrets) : agentEntry(agent)}limits: { concurrent: ${agent === null ? 5 : REAL_AT_ONCE}, retries: 3 }
`;
}

function scriptedEntry(secrets: readonly string[]): string {
  const passed = secrets.length === 0 ? '' : `, secrets: [${secrets.join(', ')}]`;
  return `  # Plays the steps of a file instead of thinking. In your own repository a real agent stands here.
  rehearsal: { kind: replay, recipes: ${RECIPES_FILE}${passed} }
`;
}

function agentEntry({ kind, run, isStubbed }: DemoAgent): string {
  const entry = { kind, ...(run === null ? {} : { run }) };
  const pool = isStubbed ? `# No login of yours is used.\npools: { ${kind}: { login: own } }\n` : '';
  return `  ${kind}: ${JSON.stringify(entry)}\n${pool}`;
}

/** The Node that runs this, which need not be the one that PATH finds, if it finds one. */
function nodeCommand(): string {
  return findProgram('node', process.env['PATH'] ?? '') === process.execPath ? 'node' : shellWord(process.execPath);
}

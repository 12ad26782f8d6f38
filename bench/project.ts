import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { environment } from './program.ts';

/** What stands in the project before any task: 200 files of about a kilobyte in 20 directories, and an ignore file. */
const DIRECTORIES = 20;
const FILES_EACH = 10;

/** Makes a repository with one commit on `main` and the files given, and a configuration beside them. */
export function makeProject(repository: string, files: Readonly<Record<string, string>>): void {
  const line = 'export const value = "a line as long as lines of source text tend to be";\n';
  const all: Record<string, string> = { '.gitignore': 'node_modules/\ndist/\n', ...files };
  for (let directory = 0; directory < DIRECTORIES; directory += 1) {
    for (let file = 0; file < FILES_EACH; file += 1) {
      all[`src/part-${directory}/file-${file}.ts`] = `// ${directory}/${file}\n${line.repeat(14)}`;
    }
  }
  const made = new Set<string>();
  for (const [path, text] of Object.entries(all)) {
    const absolute = join(repository, path);
    if (!made.has(dirname(absolute))) mkdirSync(dirname(absolute), { recursive: true });
    made.add(dirname(absolute));
    writeFileSync(absolute, text);
  }
  git(repository, 'init', '--quiet', '--initial-branch=main');
  git(repository, 'add', '--all');
  git(repository, '-c', 'user.name=Bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '-m', 'first');
}

export function git(repository: string, ...args: readonly string[]): string {
  const env = environment('/nonexistent');
  return execFileSync('git', args, { cwd: repository, env, encoding: 'utf8', maxBuffer: 2 ** 28 }).trimEnd();
}

/** The text of `.yard/config.yaml`: a gate that always passes, an agent that runs `command`. */
export function configText(options: { readonly agent: string; readonly concurrent: number }): string {
  return `version: 1
target: agent/integration
defaults: { agent: shell, gate: default }
gates:
  default: { run: "true", timeout: 10m }
agents:
  shell: { kind: command, run: [sh, -c, ${JSON.stringify(options.agent)}] }
limits: { concurrent: ${options.concurrent}, dispatchPerCycle: ${options.concurrent}, retries: 3 }
`;
}

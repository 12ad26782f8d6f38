import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { parseRecipes } from '../agents/recipe.ts';
import { valuesOf } from '../config/entries.ts';
import { CONFIG_FILE, loadConfig, LOCAL_CONFIG_FILE } from '../config/load.ts';
import { findPin, pinHashOf, writePin } from '../config/pin.ts';
import type { Pin } from '../config/pin.ts';
import type { Config } from '../config/schema.ts';
import { cellPolicies } from '../config/cell-policies.ts';
import { readYaml } from '../config/yaml.ts';
import type { YamlValue } from '../config/yaml.ts';
import type { CellPolicy } from '../core/cell-policy.ts';
import type { SandboxSupport } from '../core/sandbox-choice.ts';
import { reportSandboxes } from '../core/sandbox-report.ts';
import { isUserError, UserError } from '../core/user-error.ts';
import type { Json } from '../core/yard-event.ts';
import { writeFileDurably } from '../process/file.ts';
import { hiddenPrograms } from './hidden-programs.ts';
import { placeWarnings, refusedPlaces } from '../sandbox/granted-places.ts';
import type { Grounds } from '../sandbox/granted-places.ts';
import { configValue } from '../git/repository.ts';
import type { Repository } from '../git/repository.ts';

/** The configuration as work that starts now gets it. */
export interface Settings {
  readonly config: Config;
  readonly pin: Pin;
  readonly pinHash: string;
  readonly warnings: readonly string[];
}

/** What works on this machine of what these policies ask for. */
export type FindSandboxes = (policies: readonly CellPolicy[]) => Promise<SandboxSupport>;

/**
 * Reads the configuration from the operator's checkout, and again when a file of it changes. A version that does not
 * hold is reported, and the last good one stays in force.
 */
export class SettingsSource {
  readonly #repository: Repository;
  readonly #stateDirectory: string;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #pinFile: string;
  readonly #findSandboxes: FindSandboxes;
  #stamp = '';
  #current: Settings | null = null;
  /** Work is started with these settings, by this process. */
  #inCharge = false;
  #problem: UserError | null = null;
  #before: Pin | null = null;

  constructor(
    repository: Repository,
    stateDirectory: string,
    environment: Readonly<Record<string, string | undefined>>,
    /** Where the hash of the newest pin is written, for commands that only look. */
    pinFile: string,
    findSandboxes: FindSandboxes,
  ) {
    this.#repository = repository;
    this.#stateDirectory = stateDirectory;
    this.#environment = environment;
    this.#pinFile = pinFile;
    this.#findSandboxes = findSandboxes;
  }

  /** Called with each version that takes effect. */
  onChange: (settings: Settings) => void = () => undefined;

  /** What is wrong with the newest version, while the last good one is in force. */
  get problem(): UserError | null {
    return this.#problem;
  }

  /** What work was started with before the version that is in force, by whichever process; null: not known. */
  get before(): Pin | null {
    return this.#before;
  }

  /**
   * @throws UserError when there is no good version at all; `sandbox-unavailable` for one of which a sandbox that is asked
   * for by name is not to be had; `place-refused`.
   */
  async current(): Promise<Settings> {
    const stamp = this.#readStamp();
    if (this.#current !== null && stamp === this.#stamp) return this.#current;
    this.#stamp = stamp;
    try {
      this.#current = await this.#load();
      this.#problem = null;
      if (this.#inCharge) await this.#remember(this.#current);
      this.onChange(this.#current);
    } catch (error) {
      if (!isUserError(error) || this.#current === null) throw error;
      this.#problem = error;
    }
    return this.#current;
  }

  /**
   * Warnings of what the cells get less of than it seems.
   * @throws UserError `sandbox-unavailable`: what is asked for by name is never silently left out; `place-refused`.
   */
  async requireSandboxes(): Promise<readonly string[]> {
    const { config } = await this.current();
    const support = await this.#sandboxesFor(config);
    const places = { path: this.#environment['PATH'] ?? '', stateDirectory: this.#stateDirectory };
    return [...placeWarnings(cellPolicies(config), support), ...hiddenPrograms(config, [], support, places)];
  }

  /**
   * From now on work is started with these settings: `current` says so to those who only look, and refuses what cannot be
   * had of the sandboxes that are asked for. Whoever only steers needs neither.
   */
  takeCharge(): void {
    this.#inCharge = true;
    // What was good enough to steer by may not be good enough.
    this.#current = null;
  }

  /** Hash of the pin that work was started with last; null before the first. */
  get remembered(): string | null {
    return existsSync(this.#pinFile) ? readFileSync(this.#pinFile, 'utf8').trim() : null;
  }

  async #load(): Promise<Settings> {
    const { root } = this.#repository;
    const { config, warnings, entries } = await loadConfig(root, this.#environment);
    const sandboxes = this.#inCharge ? await this.#sandboxesFor(config) : null;
    const pin: Pin = {
      config: withoutAddresses(config),
      excludes: await readExcludes(this.#repository),
      repository: {
        root,
        commonDirectory: this.#repository.commonDirectory,
        name: this.#repository.name,
        format: this.#repository.format,
      },
      sandboxes,
      recipes: readRecipes(root, config),
      values: withoutAddress(valuesOf(entries())),
    };
    // Nobody works by the pin of somebody who only steers.
    const pinHash = this.#inCharge ? await writePin(this.#stateDirectory, pin) : pinHashOf(pin);
    return { config, pin, pinHash, warnings };
  }

  async #sandboxesFor(config: Config): Promise<SandboxSupport> {
    const { root, commonDirectory } = this.#repository;
    checkGrantedPlaces(config, { root, commonDirectory, stateDirectory: this.#stateDirectory });
    const support = await this.#findSandboxes(cellPolicies(config).map(({ policy }) => policy));
    requireSandboxes(config, support);
    return support;
  }

  async #remember({ pinHash }: Settings): Promise<void> {
    const before = this.remembered;
    if (before === pinHash) return;
    this.#before = before === null ? null : findPin(this.#stateDirectory, before);
    await writeFileDurably(this.#pinFile, pinHash);
  }

  #readStamp(): string {
    const recipes = Object.values(this.#current?.config.agents ?? {}).flatMap((agent) =>
      agent.kind === 'replay' && typeof agent.recipes === 'string' ? [agent.recipes] : [],
    );
    return [CONFIG_FILE, LOCAL_CONFIG_FILE, ...recipes]
      .map((file) => stampOf(join(this.#repository.root, file)))
      .join();
  }
}

/** No work is done with the address of a webhook, which is a secret: it is not written down with what work needs. */
function withoutAddresses(config: Config): Config {
  const { webhook } = config.notify;
  if (webhook === null) return config;
  return { ...config, notify: { ...config.notify, webhook: { ...webhook, url: null } } };
}

const ADDRESS = 'notify.webhook.url';

/** What stands for it tells one address from another, which is all that is asked of the values. */
function withoutAddress(values: Record<string, YamlValue>): Record<string, YamlValue> {
  const address = values[ADDRESS];
  if (typeof address !== 'string') return values;
  return { ...values, [ADDRESS]: `sha256:${createHash('sha256').update(address).digest('hex').slice(0, 16)}` };
}

/** @throws UserError `place-refused`: a cell would be given what the yard stands on. */
export function checkGrantedPlaces(config: Config, grounds: Grounds): void {
  const [sentence] = refusedPlaces(cellPolicies(config), grounds);
  if (sentence === undefined) return;
  throw new UserError({
    code: 'place-refused',
    message: sentence,
    hint: `Name only what it needs, such as ~/.config/my-agent, under sandbox in ${CONFIG_FILE}.`,
  });
}

function requireSandboxes(config: Config, support: SandboxSupport): void {
  const [problem] = reportSandboxes(cellPolicies(config), support).problems;
  if (problem === undefined) return;
  throw new UserError({
    code: 'sandbox-unavailable',
    message: `the sandbox of ${problem.name} cannot be had: ${problem.why}`,
    hint: `Install what is missing, or change sandbox in ${CONFIG_FILE}; see: yard doctor`,
  });
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'none' : `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
}

/** What the operator ignores beyond the repository's own rules. */
async function readExcludes(repository: Repository): Promise<string> {
  const configured = await configValue(repository, 'core.excludesFile', 'path');
  const configHome = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  const files = [configured ?? join(configHome, 'git/ignore'), join(repository.commonDirectory, 'info/exclude')];
  return files.map((file) => (existsSync(file) ? `${readFileSync(file, 'utf8')}\n` : '')).join('');
}

/** Recipes of the replay agents, by agent name. @throws UserError `no-recipes`, `recipes-invalid`. */
export function readRecipes(root: string, config: Config): Record<string, unknown> {
  const recipes: Record<string, unknown> = {};
  for (const [name, agent] of Object.entries(config.agents)) {
    if (agent.kind !== 'replay') continue;
    if (typeof agent.recipes !== 'string') {
      recipes[name] = checkRecipes(agent.recipes as Json, CONFIG_FILE, () => ({}));
      continue;
    }
    const file = join(root, agent.recipes);
    if (!existsSync(file)) {
      throw new UserError({
        code: 'no-recipes',
        message: `the recipes ${agent.recipes} of the agent ${name} do not exist`,
        hint: `Write them, or mend agents.${name}.recipes in ${CONFIG_FILE}.`,
        place: { file: agent.recipes },
      });
    }
    const yaml = readYaml(readFileSync(file, 'utf8'));
    if (yaml.kind === 'bad') {
      const [first] = yaml.problems;
      throw new UserError({
        code: 'recipes-invalid',
        message: `${agent.recipes}:${first?.line ?? 1}:${first?.column ?? 1}: ${first?.message ?? 'is no YAML'}`,
        hint: 'Mend the file.',
        place: { file: agent.recipes, ...(first === undefined ? {} : { line: first.line, column: first.column }) },
      });
    }
    recipes[name] = checkRecipes(yaml.data, agent.recipes, (path) => yaml.placeOf(path) ?? {});
  }
  return recipes;
}

function checkRecipes(
  data: Json,
  file: string,
  placeOf: (path: readonly (string | number)[]) => { line?: number; column?: number },
): Json {
  const result = parseRecipes(data);
  if (result.kind === 'ok') return data;
  const { line, column } = placeOf(result.path);
  const place = { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) };
  const where = line === undefined ? `${file}: ${result.path.join('.')}` : `${file}:${line}:${column ?? 1}`;
  throw new UserError({
    code: 'recipes-invalid',
    message: `${where}: ${result.why}`,
    hint: 'A recipe is a list of steps for each task, or a list of such lists, one for each attempt.',
    place,
  });
}

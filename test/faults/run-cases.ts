import type { FaultCase, SweptScenario } from './fault.ts';
import { quietRun, runCase } from './run-case.ts';
import type { CaseResult, QuietRun } from './run-case.ts';

/** More of them than cores only make each other slow. */
const WORKERS = 2;

export type QuietRuns = Readonly<Record<SweptScenario, QuietRun>>;

/** What undisturbed runs come to. */
export async function quietRuns(directory: string): Promise<QuietRuns> {
  return { small: await quietRun(directory, 'small'), person: await quietRun(directory, 'person') };
}

export interface ManyOptions {
  readonly directory: string;
  readonly quiet: QuietRuns;
  readonly defects?: readonly string[];
  /** After each. */
  readonly onResult: (result: CaseResult) => void;
}

/** Runs cases until `next` has none, two at a time. */
export async function runCases(next: () => FaultCase | null, options: ManyOptions): Promise<void> {
  const { directory, quiet, defects = [], onResult } = options;
  const work = async (): Promise<void> => {
    for (let fault = next(); fault !== null; fault = next()) {
      onResult(await runCase(fault, { directory, tree: quiet[fault.scenario].tree, defects }));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}

/** One measured number, with the bound that it is held to where there is one. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | '×' | '';
  readonly atMost?: number;
  readonly note?: string;
}

export interface BenchmarkOptions {
  /** An empty directory of its own. */
  readonly directory: string;
  /** How often each thing is measured; a benchmark knows how often that must be at least. */
  readonly rounds: number | null;
  readonly tasks: number | null;
}

export interface Benchmark {
  readonly name: string;
  /** What is measured, in a sentence or two. */
  readonly about: string;
  readonly run: (options: BenchmarkOptions) => Figure[] | Promise<Figure[]>;
}

import { styleText } from 'node:util';

import { inert, inertStyled } from '../../core/inert.ts';
import { inertJson } from '../../core/inert-json.ts';
import type { Redactor } from '../../core/redact.ts';
import { redactJson } from '../../core/redact-json.ts';
import { formatPlace } from '../../core/user-error.ts';
import type { UserError } from '../../core/user-error.ts';
import { wrapLine } from './wrap.ts';

const UNCUT = 10_000;
/** A terminal may not know its size, and say 0: one that a program has made, say. */
const UNKNOWN_WIDTH = 80;
const UNKNOWN_HEIGHT = 40;

export type Style = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

/**
 * stdout for results, stderr for talk; colour only on a terminal, where lines that are too long are broken between words.
 * What a line or JSON holds is inert.
 */
export class Output {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #coloured: boolean;
  /** The stream itself forgets that it was destroyed: no end of a process's own streams is final to Node. */
  #isClosed = false;
  /** Drawing over what was printed needs a terminal that obeys: `TERM=dumb` prints line after line. */
  readonly canRedraw: boolean;
  /** Passed by all that is shown: what was stored has passed the rules, so that named secrets are left. */
  readonly redactor: Redactor;

  constructor(
    stdout: NodeJS.WriteStream,
    stderr: NodeJS.WriteStream,
    env: Readonly<Record<string, string | undefined>>,
    redactor: Redactor,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#env = env;
    this.redactor = redactor;
    stdout.on('error', (error: Error) => {
      ignoreClosed(error);
      this.#isClosed = true;
    });
    stderr.on('error', ignoreClosed);
    this.canRedraw = stdout.isTTY && env['TERM'] !== 'dumb';
    this.#coloured = this.canRedraw && (env['NO_COLOR'] ?? '') === '';
  }

  /** The same, but all of it talk: for what is shown on the way to a result that is JSON alone. */
  asTalk(): Output {
    return new Output(this.#stderr, this.#stderr, this.#env, this.redactor);
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY;
  }

  /** Elsewhere than on a terminal nothing is cut: whoever reads it can. */
  get width(): number {
    return widthOf(this.#stdout);
  }

  /** Whoever read the output has gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get height(): number {
    return this.#stdout.rows || UNKNOWN_HEIGHT;
  }

  /** Calls whenever the terminal has changed its size. Returns what ends that. */
  onResize(listener: () => void): () => void {
    this.#stdout.on('resize', listener);
    return () => void this.#stdout.off('resize', listener);
  }

  /** A line of the result. */
  print(line = ''): void {
    this.#write(this.#stdout, line);
  }

  /** A line of the result in which every space counts: the terminal breaks it where it must. */
  printWhole(line: string): void {
    this.#stdout.write(`${this.#shown(line)}\n`);
  }

  /** Lines of the result, written at once: there may be ten thousand. */
  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.print(lines.join('\n'));
  }

  /** Bytes of the result, as they are but for secrets: what may go to a terminal was made inert before. */
  write(data: string | Buffer): void {
    if (typeof data === 'string') this.#stdout.write(this.redactor.named(data));
    else if (!this.redactor.hasNamed) this.#stdout.write(data);
    else this.#stdout.write(Buffer.from(this.redactor.named(data.toString('latin1')), 'latin1'));
  }

  json(value: unknown): void {
    const text = redactJson(JSON.stringify(value), (part) => this.redactor.named(part));
    this.#stdout.write(`${inertJson(JSON.stringify(JSON.parse(text), null, 2))}\n`);
  }

  /** JSON that was made already. Indented for people only: white space would double what ten thousand tasks cost. */
  jsonText(text: string, options: { readonly lines: boolean }): void {
    if (this.isTerminal && !options.lines) this.json(JSON.parse(text));
    else this.#stdout.write(`${inertJson(redactJson(text, (part) => this.redactor.named(part)))}\n`);
  }

  /** A line to the operator that is no result. */
  say(line = ''): void {
    this.#write(this.#stderr, line);
  }

  warn(line: string): void {
    this.say(`warning: ${line}`);
  }

  error(error: UserError): void {
    const place = error.place === undefined ? '' : `${formatPlace(error.place)}: `;
    const message = error.message.startsWith(place) ? error.message : `${place}${error.message}`;
    this.say(`error: ${message}`);
    if (error.hint !== undefined) this.say(`hint: ${error.hint}`);
  }

  style(style: Style, text: string): string {
    return this.#coloured ? styleText(style, text, { validateStream: false }) : text;
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    const shown = this.#shown(text);
    const lines = stream.isTTY ? shown.split('\n').flatMap((line) => wrapLine(line, widthOf(stream))) : [shown];
    stream.write(`${lines.join('\n')}\n`);
  }

  #shown(line: string): string {
    const text = this.redactor.named(line);
    const safe = this.#coloured ? inertStyled(text) : inert(text);
    // What was taken out may have stood in the middle of a secret.
    return safe === text ? safe : this.redactor.named(safe);
  }

  /** Waits until all that was written has left the process. */
  async flush(): Promise<void> {
    await Promise.all([this.#stdout, this.#stderr].map((stream) => drained(stream)));
  }
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stream.destroyed || !stream.writable) resolve();
  else stream.write('', () => resolve());
  return promise;
}

function widthOf({ columns }: NodeJS.WriteStream): number {
  return columns === 0 ? UNKNOWN_WIDTH : (columns ?? UNCUT);
}

/** Whoever read the output (`| head`) has seen enough, or its terminal is closed; the command itself goes on to its end. */
function ignoreClosed(error: Error): void {
  if (!('code' in error) || (error.code !== 'EPIPE' && error.code !== 'EIO')) throw error;
}

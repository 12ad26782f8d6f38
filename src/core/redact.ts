import { secretForms } from './secret-forms.ts';
import type { NamedSecret, SecretForm } from './secret-forms.ts';

/*
 * Secrets out of whatever is kept or shown. Invariants:
 * 1. What a stream gives out holds no form of a named secret, however the stream was cut into chunks: a tail that may be
 *    the beginning of one is held back.
 * 2. What is held back is bounded (`HELD_MAX`, or the longest form), and so is the work: a tail is looked at again only
 *    when it has grown.
 * 3. Secrets are only added: work that began with a value goes on without showing it.
 */

/** Characters; longer than any secret. What is cut before it is redacted is cut so much later, so that no half of one is left. */
export const SECRET_MARGIN = 20_000;

/** A place in a text that holds a secret, or what looks like one. */
export interface Found {
  readonly start: number;
  readonly end: number;
  /** The name of the secret, or the id of the rule. */
  readonly label: string;
  readonly kind: 'named' | 'part-of-named' | 'rule';
}

/** Finds by rules what looks like a secret. */
export type SecretFinder = (text: string) => readonly Found[];

/** What texts pass through before they leave the process. */
export interface Redactor {
  /** Whether any value is known. */
  readonly hasNamed: boolean;
  /** The text with `[redacted:NAME]` for each secret. Twice is the same as once. */
  text(text: string): string;
  /** As `text`, for named secrets alone: for what was made of texts that have passed already. */
  named(text: string): string;
  /** Every place, in order; they do not overlap. */
  find(text: string): Found[];
  stream(): RedactingStream;
}

/** Takes a stream in pieces of any size. Its texts have one character for each byte (latin1), or whole characters. */
export interface RedactingStream {
  /** Returns what can be given out by now. */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

/** Of a line without an end. */
const HELD_MAX = 64 * 1024;
/** No secret that a rule finds is longer, but for a private key. */
const TOKEN_MAX = 4 * 1024;
const KEY_MAX = 16 * 1024;
const KEY_BEGIN = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY/g;
const KEY_END = '-----END ';

/** @param finder what unnamed secrets are found by; none, where texts are known to have passed one. */
export function makeRedactor(secrets: readonly NamedSecret[], finder: SecretFinder = () => []): GrowingRedactor {
  return new GrowingRedactor(secrets, finder);
}

/** One that learns while it is used. */
export class GrowingRedactor implements Redactor {
  #finder: SecretFinder;
  readonly #forms = new Map<string, SecretForm>();
  #matcher = new Matcher([]);

  constructor(secrets: readonly NamedSecret[], finder: SecretFinder) {
    this.#finder = finder;
    this.know(secrets);
  }

  know(secrets: readonly NamedSecret[]): void {
    const before = this.#forms.size;
    for (const form of secrets.flatMap(secretForms)) if (!this.#forms.has(form.text)) this.#forms.set(form.text, form);
    if (this.#forms.size > before) this.#matcher = new Matcher([...this.#forms.values()]);
  }

  /** From now on texts are searched by these rules. */
  searchBy(finder: SecretFinder): void {
    this.#finder = finder;
  }

  get hasNamed(): boolean {
    return this.#forms.size > 0;
  }

  text(text: string): string {
    return render(text, this.find(text), text.length);
  }

  named(text: string): string {
    return render(text, merge(this.#matcher.find(text)), text.length);
  }

  find(text: string): Found[] {
    return merge([...this.#matcher.find(text), ...this.#finder(text)]);
  }

  stream(): RedactingStream {
    return new HoldingStream(
      (text) => this.find(text),
      (text) => this.#matcher.beginningIn(text),
    );
  }
}

class HoldingStream implements RedactingStream {
  readonly #find: (text: string) => Found[];
  readonly #beginningIn: (text: string) => number;
  #held = '';
  /** Below this length it is not worth a look. */
  #lookAt = 0;

  constructor(find: (text: string) => Found[], beginningIn: (text: string) => number) {
    this.#find = find;
    this.#beginningIn = beginningIn;
  }

  push(text: string): string {
    this.#held += text;
    const { length } = this.#held;
    if (length < this.#lookAt || !(text.includes('\n') || this.#lookAt > 0 || length > HELD_MAX)) return '';
    const found = this.#find(this.#held);
    const cut = this.#cut(found);
    const given = render(this.#held, found, cut);
    this.#held = this.#held.slice(cut);
    // What is held although a line of it has ended may begin a secret. Who prints it byte by byte is not to keep us busy.
    this.#lookAt = this.#held.includes('\n') ? 2 * this.#held.length : 0;
    return given;
  }

  end(): string {
    const given = render(this.#held, this.#find(this.#held), this.#held.length);
    this.#held = '';
    this.#lookAt = 0;
    return given;
  }

  /** How much can be given out: whole lines, unless one is too long, and nothing that may be half of a secret. */
  #cut(found: readonly Found[]): number {
    const text = this.#held;
    let cut = text.lastIndexOf('\n') + 1;
    if (text.length - cut > HELD_MAX) cut = text.length - TOKEN_MAX;
    cut = Math.min(cut, this.#beginningIn(text), openKey(text));
    const across = found.find(({ start, end }) => start < cut && cut < end);
    if (across === undefined) return cut;
    return text.length - across.start > HELD_MAX ? across.end : across.start;
  }
}

/** Where a private key begins whose end may still come; the length of the text where none does. */
function openKey(text: string): number {
  const from = Math.max(0, text.length - KEY_MAX);
  for (const { index } of text.slice(from).matchAll(KEY_BEGIN)) {
    if (!text.includes(KEY_END, from + index)) return from + index;
  }
  return text.length;
}

const LINE_BREAK = '(?:\\r?\\n|\\\\n)?';

/** Finds the forms of named secrets. */
class Matcher {
  readonly #byText: ReadonlyMap<string, SecretForm>;
  readonly #byFirst = new Map<string, SecretForm[]>();
  readonly #pattern: RegExp | null;
  readonly #longest: number;

  constructor(forms: readonly SecretForm[]) {
    const sorted = forms.toSorted((a, b) => b.text.length - a.text.length);
    this.#byText = new Map(sorted.map((form) => [form.text, form]));
    for (const form of sorted) {
      const first = form.text[0] ?? '';
      this.#byFirst.set(first, [...(this.#byFirst.get(first) ?? []), form]);
    }
    this.#pattern = sorted.length === 0 ? null : new RegExp(sorted.map(patternOf).join('|'), 'g');
    // Room for a line break after each character that base64 of 16 columns has: nobody prints narrower ones.
    this.#longest = Math.ceil((sorted[0]?.text.length ?? 0) * 1.2) + 4;
  }

  find(text: string): Found[] {
    const found: Found[] = [];
    const pattern = this.#pattern;
    if (pattern === null) return found;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const [matched] = match;
      const form = this.#byText.get(matched) ?? this.#byText.get(matched.replace(/[\r\n]|\\n/g, ''));
      const kind = form?.isPart === true ? 'part-of-named' : 'named';
      found.push({ start: match.index, end: match.index + matched.length, label: form?.name ?? 'secret', kind });
      // Another may begin within this one.
      pattern.lastIndex = match.index + 1;
    }
    return found;
  }

  /** Where the text ends with what may be the beginning of a form; its length where it does not. */
  beginningIn(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest); at < text.length; at += 1) {
      if (this.#byFirst.get(text[at] ?? '')?.some((form) => isBeginning(form, text, at)) === true) return at;
    }
    return text.length;
  }
}

function patternOf({ text, wraps }: SecretForm): string {
  const characters = Array.from({ length: text.length }, (_, index) => escape(text[index] ?? ''));
  return characters.join(wraps ? LINE_BREAK : '');
}

function escape(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}

/** Whether all of the text from `from` on is a beginning of the form, and not the whole of it. */
function isBeginning(form: SecretForm, text: string, from: number): boolean {
  let at = from;
  for (let index = 0; index < form.text.length; index += 1) {
    if (form.wraps && index > 0) at = afterBreak(text, at);
    if (at >= text.length) return true;
    if (text[at] !== form.text[index]) return false;
    at += 1;
  }
  return false;
}

function afterBreak(text: string, at: number): number {
  if (text[at] === '\\') return text[at + 1] === 'n' || at + 1 === text.length ? at + 2 : at;
  const next = text[at] === '\r' ? at + 1 : at;
  return text[next] === '\n' || next === text.length ? next + 1 : at;
}

/** In order, without overlaps: what overlaps becomes one, under the name that says most. */
function merge(found: readonly Found[]): Found[] {
  const merged: Found[] = [];
  for (const one of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last === undefined || one.start >= last.end) merged.push(one);
    else {
      const { label, kind } = RANK[one.kind] > RANK[last.kind] ? one : last;
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, one.end), label, kind };
    }
  }
  return merged;
}

const RANK: Readonly<Record<Found['kind'], number>> = { rule: 0, 'part-of-named': 1, named: 2 };

function render(text: string, found: readonly Found[], to: number): string {
  let rendered = '';
  let at = 0;
  for (const { start, end, label } of found) {
    if (start >= to) break;
    rendered += `${text.slice(at, start)}[redacted:${label}]`;
    at = end;
  }
  return at === 0 && to === text.length ? text : rendered + text.slice(at, to);
}

/** A secret that somebody has named: what is found of its value is called by its name. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

/** A text that gives a secret away. */
export interface SecretForm {
  readonly name: string;
  readonly text: string;
  /** Base64: whatever prints it may break the line within it. */
  readonly wraps: boolean;
  /** A line of a value of many lines. It may well stand elsewhere for itself, and proves nothing. */
  readonly isPart: boolean;
}

const LENGTH_MIN = 8;
const LINE_LENGTH_MIN = 16;
/** Texts that a repository is full of: to replace them would hide what is no secret. */
const COMMON = /^(?:undefined|disabled|enabled|development|production|staging|testing|localhost|password|changeme)$/i;

/** Why a value is not looked for; null: it is. */
export function unfitSecret(value: string): string | null {
  const text = value.trim();
  if (text.length < LENGTH_MIN) return `shorter than ${LENGTH_MIN} characters`;
  return COMMON.test(text) || /^(.)\1*$/su.test(text) ? 'a common text' : null;
}

/**
 * What the value looks like as it is, in JSON (also in JSON inside of JSON), in a URL, in hexadecimal, and within base64
 * wherever it may begin there. Texts are of two kinds: with a character for each character, and with one for each byte of
 * its UTF-8. They differ only where the value is not ASCII.
 */
export function secretForms({ name, value }: NamedSecret): SecretForm[] {
  if (unfitSecret(value) !== null) return [];
  const forms = new Map<string, SecretForm>();
  const add = (text: string, more: { readonly wraps?: boolean; readonly isPart?: boolean } = {}): void => {
    for (const form of new Set([text, asBytes(text)]))
      if (!forms.has(form)) forms.set(form, { name, text: form, wraps: false, isPart: false, ...more });
  };
  const text = value.trim();
  addWritten(text, add);
  for (const piece of new Set([text, value])) {
    const bytes = asBytes(piece);
    for (const inBase64 of [0, 1, 2].map((shift) => base64Within(bytes, shift))) {
      add(inBase64, { wraps: true });
      add(inBase64.replaceAll('+', '-').replaceAll('/', '_'), { wraps: true });
    }
  }
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  if (lines.length > 1) {
    for (const line of lines) {
      if (line.length < LINE_LENGTH_MIN || line.startsWith('-----')) continue;
      addWritten(line, (form) => add(form, { isPart: true }));
    }
  }
  return [...forms.values()];
}

function addWritten(text: string, add: (form: string) => void): void {
  const inJson = JSON.stringify(text).slice(1, -1);
  const inUrl = encodeURIComponent(text.toWellFormed());
  add(text);
  for (const form of new Set([inJson, ...otherJson(inJson)])) {
    add(form);
    add(JSON.stringify(form).slice(1, -1));
  }
  add(inUrl);
  add(inUrl.replace(/%../g, (code) => code.toLowerCase()));
  add(inUrl.replaceAll('%20', '+'));
  const hex = Array.from(asBytes(text), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  add(hex);
  add(hex.toUpperCase());
}

/** As others write JSON: PHP escapes the slash, Python what is not ASCII, Go what HTML has a meaning for. */
function otherJson(inJson: string): string[] {
  const ascii = inJson.replaceAll(/[^ -~]/g, unicodeEscape);
  return [inJson, ascii].flatMap((text) => [
    text,
    text.replaceAll('/', '\\/'),
    text.replaceAll(/[&<>]/g, unicodeEscape),
    text.replaceAll(/[&<>]/g, unicodeEscape).replaceAll('/', '\\/'),
  ]);
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Its UTF-8, one character for each byte. */
function asBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

/** The characters of base64 that the bytes alone decide, when `shift` bytes (0, 1 or 2) of a group stand before them. */
function base64Within(bytes: string, shift: number): string {
  const from = Math.ceil((8 * shift) / 6);
  const to = Math.floor((8 * (shift + bytes.length)) / 6);
  return btoa('\0'.repeat(shift) + bytes).slice(from, to);
}

/**
 * Paths inside a lane are bytes, not text: git and Linux know no encoding. They are kept as strings of one character
 * for each byte (latin1), which is lossless, compares as bytes, and costs nothing for ASCII.
 */
export type BytePath = string;

/** What the file system calls of Node take: the string itself where that is the same. */
export function toFileSystem(path: BytePath): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1');
}

/** For people, patterns and JSON; bytes that are no UTF-8 become U+FFFD. */
export function toText(path: BytePath): string {
  return isAscii(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
}

export function fromText(text: string): BytePath {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

const NOT_ASCII = /[^\0-\x7f]/;

function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** C-style quotes, as fast-import reads them: any byte can be written. */
export function quotePath(path: BytePath): string {
  const escaped = path.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');
  return `"${escaped}"`;
}

/** True for a name that git refuses in a tree, on some system or other: `.git` and what folds to it. */
export function isForbiddenName(name: BytePath): boolean {
  return fold(name).some((part) => part === '.git' || part === 'git~1');
}

/** True for a name under which git refuses a link: `.gitmodules`, what folds to it, and its short names on NTFS. */
export function isForbiddenLink(name: BytePath): boolean {
  return fold(name).some((part) => /^(?:\.gitmodules|gitmod~[1-4]|g?i?7?e?b?a?~[1-9]\d*)$/.test(part));
}

/** True for a name by which git reads a file, on some system or other, and therefore checks what is in it. */
export function isCheckedName(name: BytePath): boolean {
  return fold(name).some((part) => /^(?:\.git(?:modules|attributes)|gi[^~]{0,4}~[1-9]\d*)$/.test(part));
}

/** A name as HFS+ and NTFS compare it; to the latter a backslash parts directories. */
function fold(name: BytePath): string[] {
  return (
    toText(name)
      // Code points that HFS+ ignores in names.
      .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
      .toLowerCase()
      .split('\\')
      // What NTFS takes for a stream, and what it drops.
      .map((part) => part.replace(/:[^]*$/, '').replace(/[. ]+$/, ''))
  );
}

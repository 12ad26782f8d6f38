/**
 * At most so many characters of the beginning of a text, for whoever keeps them: the slice of a text keeps the whole of it
 * in memory, and a program's line may have megabytes.
 */
export function keptText(text: string, max: number): string {
  if (text.length <= max) return text;
  return Buffer.from(text.slice(0, max), 'utf16le').toString('utf16le');
}

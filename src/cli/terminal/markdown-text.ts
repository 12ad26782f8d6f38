/**
 * Text of others as a part of a page of Markdown: whatever Markdown or HTML would make something of is escaped; no one is
 * mentioned, no address becomes a link. It is to be one line, and inert.
 */
export function markdownText(text: string): string {
  return text
    .replaceAll(/[\\`*_[\]<>#|~&!]/g, (character) => `\\${character}`)
    .replaceAll(/@|:(?=\/\/)|\.(?<=www\.)/gi, (character) => `&#${character.charCodeAt(0)};`);
}

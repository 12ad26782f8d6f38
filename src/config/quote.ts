/** The text as a JSON string for a message: control characters are escaped, and what is long is cut. */
export function quote(text: string, charactersMax = 60): string {
  const cut = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
  // JSON leaves these alone, and a terminal obeys some of them.
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}

/** Why this is no address that messages can be posted to, as the end of a sentence; null: it is one. Says nothing of it. */
export function webhookProblem(text: string): string | null {
  const parts = /^(https?):\/\/([^/?#\s]+)([/?#]\S*)?$/i.exec(text);
  if (parts === null) return 'is not an address that begins with http:// or https://';
  const [, , authority = ''] = parts;
  return authority.includes('@') ? 'has a user or a password before the host' : null;
}

/** What of an address must not be shown: the whole, what follows its scheme, and a last part that is long enough to be a key. */
export function secretParts(address: string): string[] {
  const bare = address.replace(/^https?:\/\//i, '');
  const last = bare.split(/[/?#=&]/).at(-1) ?? '';
  return last.length >= KEY_MIN ? [address, bare, last] : [address, bare];
}

const KEY_MIN = 16;

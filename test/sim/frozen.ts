/** A copy as JSON carries it (keys without a value are left out), which nobody can change. */
export function frozenJson<T>(value: T): T {
  // oxlint-disable-next-line unicorn/prefer-structured-clone -- it would keep keys without a value, and a store does not
  return freeze(JSON.parse(JSON.stringify(value)) as T);
}

/** Freezes what was made for this purpose, all the way down. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}

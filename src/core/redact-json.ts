import type { Json } from './yard-event.ts';

/**
 * The same JSON with all its texts redacted, keys too. What is no JSON is redacted as it stands. The structure stays: a
 * rule that matches from one text into the next would break it.
 */
export function redactJson(text: string, redact: (text: string) => string): string {
  const redacted = redact(text);
  if (redacted === text) return text;
  try {
    return JSON.stringify(redactValue(JSON.parse(text) as Json, redact));
  } catch (error) {
    // JSON may also be nested deeper than anybody can walk.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    return redacted;
  }
}

function redactValue(value: Json, redact: (text: string) => string): Json {
  if (typeof value === 'string') return redact(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((entry) => redactValue(entry, redact));
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [redact(key), redactValue(entry, redact)]));
}

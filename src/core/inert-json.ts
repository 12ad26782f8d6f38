/**
 * What `JSON.stringify` leaves as it is and a terminal or a reader may obey: DEL and C1 controls, what reorders text or
 * is not seen. The same as in `inert.ts`, one UTF-16 unit at a time.
 */
const LIVE =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f\udd00-\uddef]/g;

/** JSON that says the same to whoever parses it, and shows nothing but text to whoever looks at it. */
export function inertJson(json: string): string {
  return json.replace(LIVE, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

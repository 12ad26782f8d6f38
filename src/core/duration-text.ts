const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long somebody has to wait, rounded up: `45 s`, `30 min`, `5 h 20 min`, `3 d 4 h`. */
export function waitText(ms: number): string {
  if (ms < 90_000) return `${Math.ceil(ms / 1000)} s`;
  const minutes = Math.ceil(ms / MINUTE_MS);
  if (minutes < 90) return `${minutes} min`;
  if (ms <= 2 * DAY_MS) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.ceil(ms / HOUR_MS);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

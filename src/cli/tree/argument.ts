import { InvalidArgumentError } from 'commander';

import { parseDuration } from '../../config/duration.ts';

/** Of an option that may be repeated. */
export function list(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Of an option that takes several, with commas between them or repeated. */
export function words(value: string, before: readonly string[] = []): string[] {
  const given = value.split(',').map((word) => word.trim());
  return [...before, ...given.filter((word) => word !== '')];
}

/** A whole number, 0 or more. @throws InvalidArgumentError */
export function whole(value: string): number {
  const parsed = number(value);
  if (!Number.isSafeInteger(parsed) || parsed < 0) throw new InvalidArgumentError('It is not a whole number.');
  return parsed;
}

/** Of days, 1 or more. @throws InvalidArgumentError */
export function days(value: string): number {
  const parsed = whole(value);
  if (parsed === 0) throw new InvalidArgumentError('It must be 1 or more.');
  return parsed;
}

/** @throws InvalidArgumentError */
export function number(value: string): number {
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It is not a number.');
  return parsed;
}

/** @throws InvalidArgumentError */
export function positive(value: string): number {
  const parsed = number(value);
  if (parsed <= 0) throw new InvalidArgumentError('It must be greater than 0.');
  return parsed;
}

/** @throws InvalidArgumentError */
export function duration(value: string): number {
  const ms = parseDuration(value);
  if (ms === null || ms === 0) throw new InvalidArgumentError('It is no duration, such as 30s, 10m or 2h.');
  return ms;
}

import { z } from 'zod';
import { DURATION, parseDuration } from './duration.ts';

/** A duration in the file, milliseconds in the program. */
export const duration = z
  .string()
  .regex(DURATION, 'is not a duration; write 30s, 10m or 1h')
  .transform((value, context) => {
    const ms = parseDuration(value);
    if (ms === null) context.addIssue('is longer than a week');
    return ms ?? 0;
  });

export const positiveDuration = duration.refine((ms) => ms > 0, 'must be longer than nothing');

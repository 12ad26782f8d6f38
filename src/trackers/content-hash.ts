import { createHash } from 'node:crypto';

/** What tells one content of a task file from another. */
export function hashOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

import { taskResource } from './lease.ts';
import type { LeaseResource } from './lease.ts';

/** Whose right to act the processes that carry a marker work under. */
export interface MarkedWork {
  readonly resource: LeaseResource;
  /** Null: of whatever token. */
  readonly token: number | null;
}

/** What a marker says, without the state directory that it begins with. Null: none of this version's. */
export function parseMarker(rest: string): MarkedWork | null {
  const [first = '', ...more] = rest.split(':');
  if (first === 'train' && more.length === 0) return { resource: 'train', token: null };
  if (first === 'train' && more.length === 1) return withToken('train', more[0]);
  if (first === 'doctor' && more.length === 1) return withToken('doctor', more[0]);
  if (first === 'prewarm' && more.length === 1) return { resource: `prewarm:${more[0] ?? ''}`, token: null };
  return more.length === 2 ? withToken(taskResource(first), more[1]) : null;
}

function withToken(resource: LeaseResource, token = ''): MarkedWork | null {
  return /^\d+$/.test(token) ? { resource, token: Number(token) } : null;
}

/** Every process of an attempt carries it, so that none outlives it. */
export function attemptMarker(stateDirectory: string, taskId: string, attempt: number, token: number): string {
  return `${stateDirectory}:${taskId}:${attempt}:${token}`;
}

/** Carried by the gate that `yard doctor` with this token runs. */
export function doctorMarker(stateDirectory: string, token: number): string {
  return `${stateDirectory}:doctor:${token}`;
}

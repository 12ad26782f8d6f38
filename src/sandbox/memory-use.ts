import type { Members } from '../process/members.ts';
import { read } from './cgroup-places.ts';

/**
 * Whether the processes of a tree have more memory for themselves than that: no files of the disk, nothing in swap. Never
 * true where the system does not tell (macOS).
 */
export function usesMoreMemory(tree: Members, limitBytes: number): boolean {
  if (process.platform !== 'linux') return false;
  const pids = [...tree.scan().members.keys()];
  if (sumOf(pids.map((pid) => ownBytes(pid))) <= limitBytes) return false;
  // What forks share was counted once for each of them: the kernel can tell how much that is, slowly.
  return sumOf(pids.map((pid) => shareBytes(pid) ?? ownBytes(pid))) > limitBytes;
}

function ownBytes(pid: number): number {
  return kibibytes(read(`/proc/${pid}/status`), 'RssAnon') ?? 0;
}

/** Null: it does not show that to us. */
function shareBytes(pid: number): number | null {
  return kibibytes(read(`/proc/${pid}/smaps_rollup`), 'Pss_Anon');
}

function kibibytes(text: string | null, name: string): number | null {
  const [, value] = new RegExp(String.raw`^${name}:\s+(\d+) kB$`, 'm').exec(text ?? '') ?? [];
  return value === undefined ? null : Number(value) * 1024;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

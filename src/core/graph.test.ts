import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cyclesThrough } from './graph.ts';

const node = (id: string, ...after: string[]) => ({ id, after });
const cycles = (...nodes: { id: string; after: readonly string[] }[]) => Object.fromEntries(cyclesThrough(nodes));

describe('cyclesThrough', () => {
  test('a task on itself', () => {
    expect(cycles(node('A', 'A'))).toEqual({ A: ['A', 'A'] });
  });

  test('two tasks', () => {
    const ring = ['B', 'A', 'B'];
    expect(cycles(node('A', 'B'), node('B', 'A'))).toEqual({ A: ring, B: ring });
  });

  test('tasks that wait for a cycle, or that it waits for, are not in it', () => {
    const found = cycles(node('wait', 'A'), node('A', 'B'), node('B', 'C'), node('C', 'A', 'free'), node('free'));
    expect(Object.keys(found).toSorted()).toEqual(['A', 'B', 'C']);
  });

  test('what does not exist is no cycle', () => {
    expect(cycles(node('A', 'missing'), node('B', 'A', 'A'))).toEqual({});
  });

  test('a shortest cycle is told', () => {
    expect(cycles(node('A', 'B', 'C'), node('B', 'C'), node('C', 'A'))['A']).toHaveLength(3);
  });

  test('a chain of 10,000 has none', () => {
    const chain = Array.from({ length: 10_000 }, (_, at) => node(`T-${at}`, `T-${at + 1}`));
    expect(cyclesThrough(chain).size).toBe(0);
    expect(cyclesThrough(chain.toReversed()).size).toBe(0);
  });

  test('a ring of 10,000 is one cycle, walked and kept once', () => {
    const ring = Array.from({ length: 10_000 }, (_, at) => node(`T-${at}`, `T-${(at + 1) % 10_000}`));
    const found = cyclesThrough(ring);
    expect(found.size).toBe(10_000);
    expect(found.get('T-0')).toHaveLength(10_001);
    expect(new Set(found.values()).size).toBe(1);
  });

  test('finds exactly the tasks that reach themselves, each with a true cycle of its own', () => {
    const ids = ['A', 'B', 'C', 'D', 'E', 'F'];
    const graphs = fc.tuple(...ids.map((id) => fc.subarray([...ids, 'missing']).map((after) => node(id, ...after))));
    fc.assert(
      fc.property(graphs, (nodes) => {
        const after = new Map(nodes.map((one) => [one.id, one.after]));
        const reaches = (from: string): Set<string> => {
          const seen = new Set(after.get(from));
          for (const id of seen) for (const next of after.get(id) ?? []) seen.add(next);
          return seen;
        };
        const found = cyclesThrough(nodes);
        expect([...found.keys()].toSorted()).toEqual(ids.filter((id) => reaches(id).has(id)));
        for (const [id, cycle] of found) {
          expect(cycle).toContain(id);
          expect(cycle[0]).toBe(cycle.at(-1));
          expect(new Set(cycle).size).toBe(cycle.length - 1);
          for (const [at, from] of cycle.slice(0, -1).entries()) expect(after.get(from)).toContain(cycle[at + 1]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

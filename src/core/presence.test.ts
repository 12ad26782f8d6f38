import { describe, expect, test } from 'vitest';
import { HEARTBEAT_MS, LEASE_MS } from './lease.ts';
import { AWAY_MS, isExpired, Presence } from './presence.ts';

describe('absences', () => {
  test('looks that follow each other leave no grace', () => {
    const presence = new Presence(1_000);
    for (let ms = 1_000; ms < 10 * LEASE_MS; ms += AWAY_MS) expect(presence.look(ms)).toEqual([]);
  });

  test('a gap gives one lease’s time, to what expired in it', () => {
    const presence = new Presence(0);
    expect(presence.look(HEARTBEAT_MS)).toEqual([]);
    const back = HEARTBEAT_MS + AWAY_MS + 1;
    const grace = { sinceMonotonicMs: HEARTBEAT_MS, untilMonotonicMs: back + LEASE_MS };
    expect(presence.look(back)).toEqual([grace]);
    for (let ms = back; ms < grace.untilMonotonicMs; ms += AWAY_MS) expect(presence.look(ms)).toEqual([grace]);
    expect(presence.look(grace.untilMonotonicMs)).toEqual([]);
  });

  test('a first scheduler of a boot covers all', () => {
    const [grace] = new Presence(null).look(5_000);
    expect(grace).toEqual({ sinceMonotonicMs: -Infinity, untilMonotonicMs: 5_000 + LEASE_MS });
  });

  test('a second absence does not take back the grace of the first', () => {
    const presence = new Presence(null);
    presence.look(0);
    expect(presence.look(AWAY_MS + 1)).toHaveLength(2);
    expect(isExpired(-1, AWAY_MS + 1, presence.look(AWAY_MS + 2))).toBe(false);
  });

  test('schedulers that each look once and end, far apart, lose what was expired at two looks', () => {
    const everyMs = 5 * LEASE_MS;
    let lost = 0;
    for (let at = 0; at < 4 * everyMs; at += everyMs) {
      const graces = new Presence(at === 0 ? null : at - everyMs).look(at);
      if (isExpired(1, at, graces)) lost += 1;
    }
    // At 0 it holds, at the next look it has expired in the absence, from then on it is over.
    expect(lost).toBe(2);
  });
});

describe('expiry', () => {
  const grace = { sinceMonotonicMs: 100, untilMonotonicMs: 200 };
  test.each([
    ['before its time', 160, 150, [grace], false],
    ['at its time', 150, 150, [], true],
    ['in the absence, during the grace', 101, 199, [grace], false],
    ['in the absence, after the grace', 101, 200, [grace], true],
    ['before the absence', 100, 150, [grace], true],
    ['covered by one of two', 90, 150, [grace, { sinceMonotonicMs: 0, untilMonotonicMs: 151 }], false],
  ])('%s', (_, expires, now, graces, expired) => {
    expect(isExpired(expires, now, graces)).toBe(expired);
  });
});

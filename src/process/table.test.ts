import { describe, expect, it } from 'vitest';
import { parseDarwinRows } from './table-darwin.ts';
import { parseStat, readMarks, readRow, readTable } from './table.ts';

function stat(name: string, state: string, threads: number): string {
  const middle = '7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0';
  return `42 (${name}) ${state} ${middle} ${threads} 0 12345 999 1`;
}

describe('parseStat', () => {
  const row = { pid: 42, parentPid: 7, groupId: 8, sessionId: 9, startTime: '12345', alive: true };

  it.each(['sh', 'a b', 'x) Z 1 1 1 (y', '))', 'two\nlines', ''])('reads past the name %j', (name) => {
    expect(parseStat(42, stat(name, 'S', 1))).toEqual(row);
  });

  it('counts a zombie as dead, but not one whose other threads run', () => {
    expect(parseStat(42, stat('sh', 'Z', 1))).toEqual({ ...row, alive: false });
    expect(parseStat(42, stat('sh', 'Z', 2))).toEqual(row);
  });

  it('refuses what is not a stat line', () => {
    expect(parseStat(42, '')).toBeNull();
  });
});

describe('the process table', () => {
  it('holds this process and its parent', () => {
    const { rows } = readTable();
    expect(rows.get(process.pid)).toMatchObject({ parentPid: process.ppid, alive: true });
    expect(rows.get(process.pid)).toEqual(readRow(process.pid));
    expect(rows.has(process.ppid)).toBe(true);
  });

  it('has no row for what is no pid', () => {
    for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 31]) expect(readRow(pid)).toBeNull();
  });

  it('cannot tell the marker of a process that is not there', () => {
    expect(readMarks([2 ** 31]).get(2 ** 31)).toEqual({ kind: 'unknown' });
  });
});

describe('parseDarwinRows', () => {
  it('reads the columns of ps, the group standing for a session that it does not tell', () => {
    const output = [
      '    1     0     1      0 Ss   Thu Nov 20 22:10:33 2025    ',
      '  812   800   800 a1b2c3 Z+   Fri Nov 21 01:02:03 2025    ',
      '',
    ].join('\n');
    expect(parseDarwinRows(output)).toEqual([
      { pid: 1, parentPid: 0, groupId: 1, sessionId: 1, startTime: '1763676633', alive: true },
      { pid: 812, parentPid: 800, groupId: 800, sessionId: 800, startTime: '1763686923', alive: false },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { absolutePath, allowedEnvironment } from './environment.ts';

const from = {
  PATH: '/bin',
  HOME: '/home/me',
  LC_ALL: 'C',
  LC_TIME: 'de',
  TZ: undefined,
  AWS_SECRET: 'no',
  CI: '1',
  CI_JOB: '2',
  GIT_DIR: '/evil',
  GIT_AUTHOR_NAME: 'Me',
  NODE_OPTIONS: '--require x',
  YARD_MARKER: 'outer',
  YARD_HOME: '/yard',
};

describe('allowedEnvironment', () => {
  it('passes the base list and nothing else', () => {
    expect(allowedEnvironment([], {}, from)).toEqual({ PATH: '/bin', HOME: '/home/me', LC_ALL: 'C', LC_TIME: 'de' });
  });

  it('passes names and prefixes that are allowed, exactly', () => {
    expect(allowedEnvironment(['CI'], {}, from)).not.toHaveProperty('CI_JOB');
    expect(allowedEnvironment(['CI*'], {}, from)).toMatchObject({ CI: '1', CI_JOB: '2' });
    expect(allowedEnvironment(['A', 'AWS', 'aws_secret'], {}, from)).not.toHaveProperty('AWS_SECRET');
  });

  it.each(['*', 'GIT_*', 'G*', 'GIT*'])('keeps what git obeys from %s', (pattern) => {
    expect(Object.keys(allowedEnvironment([pattern], {}, from)).filter((name) => name.startsWith('GIT'))).toEqual([]);
  });

  it('passes a variable of git by its name', () => {
    const environment = allowedEnvironment(['GIT_AUTHOR_NAME'], {}, from);
    expect(environment).toMatchObject({ GIT_AUTHOR_NAME: 'Me' });
    expect(environment).not.toHaveProperty('GIT_DIR');
  });

  it.each(['*', 'YARD_*', 'Y*', 'YARD_F*'])('keeps what steers a yard from %s', (pattern) => {
    const environment = allowedEnvironment([pattern], {}, { ...from, YARD_FAILPOINTS: 'x:1:kill', YARD_DEFECTS: 'x' });
    expect(Object.keys(environment).filter((name) => name.startsWith('YARD'))).toEqual([]);
  });

  it('passes a variable of ours by its name', () => {
    expect(allowedEnvironment(['YARD_HOME'], {}, from)).toMatchObject({ YARD_HOME: '/yard' });
  });

  it('puts `extra` on top, whatever it names', () => {
    expect(allowedEnvironment([], { PATH: '/opt', GIT_DIR: '/depot' }, from)).toMatchObject({
      PATH: '/opt',
      GIT_DIR: '/depot',
    });
  });

  it('reads this process when not told otherwise', () => {
    expect(allowedEnvironment([], {})['PATH']).toBe(process.env['PATH']);
  });
});

describe('absolutePath', () => {
  it.each([
    ['/bin:/usr/bin', '/bin:/usr/bin'],
    ['.:/bin', '/bin'],
    ['node_modules/.bin:/usr/bin::./x:/bin:', '/usr/bin:/bin'],
    ['~/bin:/bin', '/bin'],
    ['', '/usr/bin:/bin'],
    ['.', '/usr/bin:/bin'],
  ])('of %j keeps what does not depend on where one stands', (path, kept) => {
    expect(absolutePath(path)).toBe(kept);
    expect(allowedEnvironment([], {}, { PATH: path })).toEqual({ PATH: kept });
  });
});

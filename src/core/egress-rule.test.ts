import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseRule, readEgressRule, readTarget } from './egress-rule.ts';

const rulesOf = (...entries: string[]) =>
  entries.map((entry) => {
    const read = readEgressRule(entry);
    if (read.kind !== 'ok') throw new Error(`${entry}: ${read.why}`);
    return read.rule;
  });

/** Each is this machine or an address to some resolver, or no name to any. */
const NO_NAMES = [
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0x',
  '0177.0.0.1',
  '017700000001',
  '0',
  '1.2.3.4',
  'example.1',
  'example.0x1',
  '::1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[fe80::1%25eth0]',
  'localhost',
  'LOCALHOST',
  'a.localhost',
  'localhost.',
  'localhost.localdomain',
  'ip6-localhost',
  'ip6-loopback',
  'example.org.',
  '.example.org',
  'a..b',
  '-a.org',
  'a-.org',
  'a b.org',
  'user@example.org',
  'example.org/path',
  'example.org#x',
  'exa%6dple.org',
  'ex\u0430mple.org',
  '\uff11\uff12\uff17.0.0.1',
  'a\u0000.org',
  'a\t.org',
  `${'a'.repeat(64)}.org`,
  `${'a.'.repeat(127)}org`,
  '',
];

describe('a target', () => {
  it('is a name and a port; capitals are the same name', () => {
    expect(readTarget('Example.ORG:443')).toEqual({ kind: 'ok', host: 'example.org', port: 443 });
    expect(readTarget('xn--bcher-kva.example:80')).toMatchObject({ host: 'xn--bcher-kva.example' });
    expect(readTarget('registry:5000')).toMatchObject({ host: 'registry', port: 5000 });
  });

  it.each(NO_NAMES)('is refused when it is no name: %j', (host) => {
    expect(readTarget(`${host}:443`)).toMatchObject({ kind: 'refused' });
  });

  it.each(['example.org', 'example.org:', ':443', 'a.org:0', 'a.org:65536', 'a.org:4a', 'a.org:-1', 'a.org:443:1', ''])(
    'is refused without a port that can be: %j',
    (authority) => expect(readTarget(authority)).toMatchObject({ kind: 'refused' }),
  );

  it('never comes out as anything but lower-case ASCII labels', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (host) => {
        const target = readTarget(`${host}:443`);
        if (target.kind === 'ok') expect(target.host).toMatch(/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/);
      }),
    );
  });
});

describe('an entry', () => {
  it('is a name, a name below another, with a port, with the right to private addresses', () => {
    expect(rulesOf('Example.org', '*.Example.org', 'db.corp:5432=private', 'Bücher.example')).toMatchObject([
      { name: 'example.org', isWildcard: false, port: null, allowsPrivate: false },
      { name: 'example.org', isWildcard: true },
      { name: 'db.corp', port: 5432, allowsPrivate: true },
      { name: 'xn--bcher-kva.example' },
    ]);
  });

  it.each([
    // What a target may not be, an entry may not be either, the one difference being that scripts are translated.
    ...NO_NAMES.filter((name) => name !== 'ex\u0430mple.org'),
    '*',
    '*.org',
    '*.*.org',
    'a.*.org',
    'https://example.org',
    'example.org:0',
    'example.org:99999',
    'example.org=public',
    'example.org:443=private=private',
  ])('is refused: %j', (entry) => {
    expect(readEgressRule(entry).kind).toBe('malformed');
  });
});

describe('the choice', () => {
  const rules = rulesOf('example.org', '*.example.org', 'registry:5000', 'one.test:8443');

  it.each([
    ['example.org', 443, 'example.org'],
    ['example.org', 80, 'example.org'],
    ['a.example.org', 443, '*.example.org'],
    ['a.b.example.org', 80, '*.example.org'],
    ['registry', 5000, 'registry:5000'],
  ])('lets %s:%i through by %s', (host, port, entry) => {
    expect(chooseRule(rules, host, port)).toMatchObject({ kind: 'allowed', rule: { entry } });
  });

  it.each([
    ['example.org', 22, 'port'],
    ['registry', 443, 'port'],
    ['one.test', 443, 'port'],
    ['notexample.org', 443, 'not-listed'],
    ['example.org.evil.test', 443, 'not-listed'],
    ['a.one.test', 8443, 'not-listed'],
    ['org', 443, 'not-listed'],
  ])('refuses %s:%i (%s)', (host, port, why) => {
    expect(chooseRule(rules, host, port)).toEqual({ kind: 'refused', why });
  });

  it('takes the entry with the port, whatever comes first', () => {
    expect(chooseRule(rulesOf('a.test', 'a.test:22=private'), 'a.test', 22)).toMatchObject({
      rule: { entry: 'a.test:22=private' },
    });
  });
});

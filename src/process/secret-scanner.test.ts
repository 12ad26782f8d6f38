import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import { expect, test } from 'vitest';
import { makeRedactor } from '../core/redact.ts';
import { isCertain, scanner } from './secret-scanner.ts';

// Put together here, so that no scanner takes this file for a leak.
const GITHUB = ['ghp', 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'].join('_');
const KEY =
  ['-----BEGIN RSA', 'PRIVATE KEY-----\n'].join(' ') + `${'MIIEpAIBAAKCAQEA04up8hoqzS1'.repeat(2)}\n`.repeat(6);

test('tokens and private keys are found, and hidden under the name of the rule', () => {
  const redactor = makeRedactor([], scanner());
  expect(redactor.text(`push with ${GITHUB}, then`)).toBe('push with [redacted:github], then');
  expect(redactor.text(`a\n${KEY}-----END RSA PRIVATE KEY-----\nb`)).toBe('a\n[redacted:privatekey]\nb');
});

test('a private key that was cut is one too; what stands behind it is not part of it', () => {
  const redactor = makeRedactor([], scanner());
  expect(redactor.text(`${KEY}these are words, not a key`)).toBe('[redacted:privatekey]\nthese are words, not a key');
});

test('a password in an address is hidden, and no proof of a leak', () => {
  const found = scanner()('git clone https://user:pa55w0rdXyz@example.org/x.git');
  expect(found.map(({ label }) => label)).toContain('basicauth');
  expect(found.some(isCertain)).toBe(false);
  expect(scanner()(GITHUB).some(isCertain)).toBe(true);
});

test('a comment in the text turns nothing off', () => {
  expect(scanner()(`/* secretlint-disable */ ${GITHUB} // secretlint-disable-line`)).toHaveLength(1);
});

test('ordinary output is left alone', () => {
  const text = `commit ${'0123456789abcdef'.repeat(3).slice(0, 40)} at 2026-01-01, sha512-${'A'.repeat(86)}==`;
  expect(scanner()(text)).toEqual([]);
});

test('the package still has its rules: each is a scanner with the id that labels are cut from', () => {
  expect(rules.length).toBeGreaterThan(20);
  for (const rule of rules) expect(rule.meta.id).toMatch(/^@secretlint\/secretlint-rule-[\w-]+$/);
});

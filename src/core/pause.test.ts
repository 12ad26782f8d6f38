import { expect, test } from 'vitest';
import { describePauseSubject, parsePauseKey, pauseKey, resumeCommand } from './pause.ts';
import type { PauseSubject } from './pause.ts';

const SUBJECTS: readonly PauseSubject[] = [
  { of: 'all' },
  { of: 'train' },
  { of: 'area', name: 'api' },
  { of: 'agent', name: 'codex:fast' },
];

test('a key says which subject is meant', () => {
  expect(SUBJECTS.map((subject) => parsePauseKey(pauseKey(subject)))).toEqual(SUBJECTS);
  expect(['', 'area', 'area:', 'gate:x', 'everything'].map(parsePauseKey)).toEqual([null, null, null, null, null]);
});

test('each is named, and says what takes it away', () => {
  expect(SUBJECTS.map((subject) => `${describePauseSubject(subject)}: ${resumeCommand(subject)}`)).toEqual([
    'the yard: yard resume',
    'the train: yard resume train',
    'the area api: yard resume area api',
    'the agent codex:fast: yard resume agent codex:fast',
  ]);
});

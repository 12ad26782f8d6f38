import { expect, test } from 'vitest';
import { parseMarker } from './marker.ts';

test.each([
  ['train', { resource: 'train', token: null }],
  ['train:7', { resource: 'train', token: 7 }],
  ['prewarm:0a1b', { resource: 'prewarm:0a1b', token: null }],
  ['TASK-0001:2:31', { resource: 'task:TASK-0001', token: 31 }],
  ['train:x', null],
  ['TASK-0001:2', null],
  ['TASK-0001:2:3:4', null],
  ['', null],
])('the marker %j is %j', (rest, work) => {
  expect(parseMarker(rest)).toEqual(work);
});

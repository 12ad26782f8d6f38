import { expect, test } from 'vitest';
import { faultOf } from './machine-fault.ts';

const failure = (parts: object): Error => Object.assign(new Error('failed'), parts);

test.each([
  [{ code: 'ENOSPC', syscall: 'write' }, 'disk-full'],
  [{ code: 'EDQUOT', syscall: 'open' }, 'disk-full'],
  [{ code: 'store-full' }, 'disk-full'],
  [{ code: 'store-io' }, 'disk-broken'],
  [{ code: 'EIO', syscall: 'read' }, 'disk-broken'],
  // After a failed sync it does not matter what it failed with.
  [{ code: 'ENOSPC', syscall: 'fsync' }, 'disk-broken'],
  [{ code: 'EAGAIN', syscall: 'spawn git' }, 'exhausted'],
  [{ code: 'EMFILE' }, 'exhausted'],
  [{ code: 'git-failed', fault: 'disk-full' }, 'disk-full'],
  [{ code: 'git-failed', fault: null }, null],
  [{ code: 'ENOENT' }, null],
  [{}, null],
])('%o is %s', (parts, fault) => {
  expect(faultOf(failure(parts))).toBe(fault);
});

test('what is no error is no fault', () => {
  expect(faultOf({ code: 'ENOSPC' })).toBeNull();
});

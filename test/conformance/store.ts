import { describe } from 'vitest';
import { attemptTests } from './store-attempts.ts';
import { fenceTests } from './store-fences.ts';
import { killTests } from './store-kills.ts';
import { landingTests } from './store-landings.ts';
import { leaseTests } from './store-leases.ts';
import { listTests } from './store-lists.ts';
import { progressTests } from './store-progress.ts';
import { spendingTests } from './store-spending.ts';
import { taskTests } from './store-tasks.ts';
import { viewTests } from './store-views.ts';
import type { MakeStore } from './store-yard.ts';

/** What every implementation of `Store` must pass; the invariants are those at the top of the interface. */
export function storeSuite(name: string, make: MakeStore): void {
  describe(name, () => {
    fenceTests(make);
    leaseTests(make);
    attemptTests(make);
    taskTests(make);
    landingTests(make);
    killTests(make);
    progressTests(make);
    viewTests(make);
    listTests(make);
    spendingTests(make);
  });
}

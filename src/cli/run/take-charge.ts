import { cellPolicies } from '../../config/cell-policies.ts';
import { describeSandboxes, reportSandboxes } from '../../core/sandbox-report.ts';
import { namedAgents } from '../../reconcile/named-agents.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import type { Output } from '../terminal/output.ts';

/** This process holds the scheduler's lease and starts work. It says what holds that: nobody should have to ask. */
export async function takeCharge({ settings, store, tracker }: LocalYard, output: Output): Promise<void> {
  settings.takeCharge();
  const { config, pin } = await settings.current();
  if (pin.sandboxes === null) return;
  const rows = await store.rows();
  const { imports } = await tracker.changes(rows);
  const report = reportSandboxes(cellPolicies(config, namedAgents(rows, imports)), pin.sandboxes);
  const line = describeSandboxes(report, pin.sandboxes);
  const told = `sandbox: ${line}${report.used.has('none') ? '; what runs without one has your rights' : ''}`;
  if (report.weakened === null) output.say(told);
  else output.warn(told);
}

import { expect, test } from 'vitest';
import { openDriven } from '../../test/fixtures/yard/driven.ts';
import { agentsInUse, cellPolicies } from '../config/cell-policies.ts';
import { namedAgents } from './named-agents.ts';

test('agents that tasks name are in use, also before they are imported; those of tasks that are done are not', async () => {
  const driven = await openDriven();
  const { yard, local } = driven;
  await local.add('TASK-9', { agent: 'pi' });
  await driven.writeTask({ id: 'TASK-1', agent: 'codex:gpt-5.5, claude' });
  const rows = await yard.store.rows();
  const { imports } = await yard.tracker.changes(rows);
  const chains = namedAgents(rows, imports);
  expect(chains).toEqual(['pi', 'codex:gpt-5.5, claude']);
  const cancelled = rows.map((row) => ({ ...row, state: { status: 'cancelled' } as const }));
  expect(namedAgents(cancelled, [])).toEqual([]);
  const { config } = await yard.settings.current();
  const names = agentsInUse(config, chains).map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(['claude', 'codex', 'pi']));
  expect(names).not.toContain('gemini');
  expect(cellPolicies(config, chains).map(({ name }) => name)).toContain('agents.codex');
  expect(cellPolicies(config).map(({ name }) => name)).not.toContain('agents.codex');
});

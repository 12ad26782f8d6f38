import { noticeChannels } from '../../reconcile/notice-channels.ts';
import { failureOf } from '../../reconcile/notifier.ts';
import { pass, warn } from './check.ts';
import type { Check } from './check.ts';

/** Whoever is to be told when a person is needed can be told. Sends nothing. */
export const notifyCheck: Check = {
  id: 'notify',
  requires: ['config'],
  examine: async (patient) => {
    const channels = noticeChannels(patient.know('config').notify, patient.context.env);
    if (channels.length === 0) return pass('nobody is told: no way is configured');
    const reader = patient.may('reading')?.reader ?? null;
    const failing: string[] = [];
    for (const channel of channels) {
      const failure = reader === null ? null : await failureOf(reader, channel);
      const why = channel.problem ?? failure?.why ?? null;
      if (why !== null) failing.push(`${channel.name}: ${why}`);
    }
    if (failing.length === 0) return pass(channels.map(({ name, where }) => `${name}: ${where}`).join('; '));
    const remedy = 'Mend notify in .yard/config.yaml, or what it names, and try it with: yard notify test';
    return warn(`people are not told (${failing.join('; ')})`, remedy, 'What was not told is told later.');
  },
};

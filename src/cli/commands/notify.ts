import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { inertLine } from '../../core/inert.ts';
import { testNotice } from '../../core/notice.ts';
import { UserError } from '../../core/user-error.ts';
import { findRepository } from '../../git/repository.ts';
import { cursorOf, noticeChannels } from '../../reconcile/notice-channels.ts';
import { failureOf } from '../../reconcile/notifier.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { renderTable } from '../terminal/table.ts';
import { formatTime } from '../account/moment.ts';

/** `yard notify [show|test]`. */
export async function notifyCommand(
  context: CommandContext,
  action: string | undefined,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  switch (action) {
    case undefined:
    case 'show':
      return show(context, options.json === true);
    case 'test':
      return sendTest(context, options.json === true);
    default:
      throw new UserError({
        code: 'unknown-action',
        message: `yard notify knows show and test, not ${JSON.stringify(inertLine(action, 40))}`,
        hint: 'See: yard notify --help',
      });
  }
}

async function show({ compose, cwd, env, output }: CommandContext, json: boolean): Promise<ExitCode> {
  const { reader, location } = await compose.reading(cwd);
  try {
    const { config } = await loadConfig(location.root, env);
    const channels = [];
    for (const channel of noticeChannels(config.notify, env)) {
      const toldTo = await reader.cursor(cursorOf(channel));
      channels.push({ channel: channel.name, where: channel.where, toldTo, failing: await failureOf(reader, channel) });
    }
    const { on, windowMs } = config.notify;
    if (json) output.json({ on, windowMs, channels });
    else if (channels.length === 0) output.print('nobody is told: notify in .yard/config.yaml names no way');
    else {
      output.print(`told of: ${on.join(', ') || 'nothing'}; what happens within ${windowMs / 1000} s is one message`);
      const rows = channels.map(({ channel, where, toldTo, failing }) => [
        channel,
        where,
        failing === null
          ? toldTo === null
            ? 'from the next run on'
            : `told up to event ${toldTo}`
          : `fails since ${formatTime(failing.atMs)}: ${inertLine(failing.why, 200)}`,
      ]);
      for (const line of renderTable(rows, output.width)) output.print(line);
    }
    return EXIT.ok;
  } finally {
    await reader.close();
  }
}

async function sendTest({ cwd, env, output }: CommandContext, json: boolean): Promise<ExitCode> {
  const { root, name } = await findRepository(cwd);
  const { config } = await loadConfig(root, env);
  const channels = noticeChannels(requireChannel(config.notify), env);
  const results = await Promise.all(
    channels.map(async (channel) => {
      const sent = await channel.send(testNotice(name));
      const why = sent.kind === 'ok' ? null : sent.why;
      return { channel: channel.name, where: channel.where, ok: why === null, why };
    }),
  );
  if (json) output.json({ channels: results });
  for (const { channel, where, ok, why } of json ? [] : results) {
    output.print(ok ? `${channel}: sent to ${where}` : `${channel}: not sent: ${inertLine(why ?? '', 300)}`);
  }
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}

function requireChannel(notify: Config['notify']): Config['notify'] {
  if (notify.webhook !== null || notify.desktop) return notify;
  throw new UserError({
    code: 'no-notify',
    message: 'the configuration names no way to tell anybody',
    hint: 'Set notify.webhook or notify.desktop in .yard/config.yaml; see docs/notifications.md.',
  });
}

import { inertLine } from '../core/inert.ts';
import type { Notice } from '../core/notice.ts';
import { desktopOf } from '../core/notice-shapes.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { findProgram } from '../process/find-program.ts';
import { runProcess } from '../process/run.ts';
import { brokenChannel } from './notice-channel.ts';
import type { NoticeChannel, Sent } from './notice-channel.ts';

const TIMEOUT_MS = 10_000;
/** How a program of the desktop finds it. */
const DESKTOP = ['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];
/** What is told comes as arguments, never as a part of the script. */
const SCRIPT = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run'];

type Environment = Readonly<Record<string, string | undefined>>;

/** Shows it where a desktop is: by `notify-send`, or by `osascript` on macOS. */
export function desktopChannel(environment: Environment): NoticeChannel {
  const name = process.platform === 'darwin' ? 'osascript' : 'notify-send';
  const program = findProgram(name, environment['PATH'] ?? '');
  if (program === null) return brokenChannel('desktop', `there is no ${name} on this machine`);
  return { name: 'desktop', where: name, problem: null, send: (notice) => show(name, program, notice, environment) };
}

async function show(name: string, program: string, notice: Notice, environment: Environment): Promise<Sent> {
  const { title, text } = desktopOf(notice);
  const args =
    name === 'osascript'
      ? [...SCRIPT.flatMap((line) => ['-e', line]), '--', title, text]
      : ['--app-name=Yardmaster', '--', title, escapeMarkup(text)];
  const env = allowedEnvironment(DESKTOP, {}, environment);
  const result = await runProcess(program, args, { cwd: '/', env, timeoutMs: TIMEOUT_MS });
  if (result.kind === 'exited' && result.code === 0) return { kind: 'ok' };
  const why = result.kind === 'exited' ? `exit code ${result.code}` : result.kind;
  const said = inertLine(result.stderr.toString('utf8'), 120);
  return { kind: 'failed', why: `${name} failed (${why})${said === '' ? '' : `: ${said}`}` };
}

/** Desktops take the text, though not the title, for markup. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

import { allowedEnvironment } from '../../process/environment.ts';
import { runInteractively } from '../../process/interactive.ts';
import { UserError } from '../../core/user-error.ts';
import type { CommandContext } from '../context.ts';

/** What editors go by. */
const EDITOR_ENVIRONMENT = [
  'COLORTERM',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'XDG_*',
  'DBUS_SESSION_BUS_ADDRESS',
  'SSH_*',
  'TERMINFO*',
  'TERM_PROGRAM*',
  'VIM*',
  'EMACS*',
  'ALTERNATE_EDITOR',
  'VSCODE_*',
  'VISUAL',
  'EDITOR',
];

/** Opens the file in $VISUAL, or $EDITOR, and waits for its end. @throws UserError `editor-failed` */
export async function openEditor({ env, cwd }: Pick<CommandContext, 'env' | 'cwd'>, file: string): Promise<void> {
  const command = [env['VISUAL'], env['EDITOR'], 'vi'].find((each) => (each ?? '').trim() !== '') ?? 'vi';
  // As git does it: the command is one for a shell, and the file its last argument.
  const end = await runInteractively('/bin/sh', ['-c', `${command} "$@"`, command, file], {
    cwd,
    env: allowedEnvironment(EDITOR_ENVIRONMENT, {}, env),
  });
  if (end.kind === 'exited' && end.code === 0) return;
  throw new UserError({
    code: 'editor-failed',
    message:
      end.kind === 'exited'
        ? `the editor ${JSON.stringify(command)} ended with exit code ${end.code}`
        : `the editor ${JSON.stringify(command)} does not start: ${end.message}`,
    hint: 'Name one that works: EDITOR=nano yard edit …',
  });
}

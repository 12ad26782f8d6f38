import { connect } from 'node:net';

/*
 * What an agent's program starts in its cell as its server of tools: a pipe between its standard streams and the socket
 * of the attempt. It understands nothing of what passes, and loads nothing, for the program waits for it.
 */

/** The key of the attempt, in the environment of the bridge. */
export const TOOLS_KEY = 'YARD_TOOLS_KEY';

/** Resolves, with the exit code, when either side has closed. `say` gets what kept it from connecting. */
export async function runToolBridge(
  socketPath: string,
  key: string,
  { stdin, stdout }: { readonly stdin: NodeJS.ReadStream; readonly stdout: NodeJS.WriteStream },
  say: (line: string) => void,
): Promise<0 | 1> {
  const { promise, resolve } = Promise.withResolvers<0 | 1>();
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  let isOver = false;
  stdin.on('end', () => {
    isOver = true;
  });
  for (const stream of [stdin, stdout]) stream.on('error', () => socket.destroy());
  socket.on('error', (error) => say(`the tools cannot be reached: ${error.message}`));
  socket.on('end', () => socket.end());
  socket.on('close', () => resolve(isOver ? 0 : 1));
  socket.write(`${key}\n`);
  stdin.pipe(socket);
  socket.pipe(stdout, { end: false });
  return promise;
}

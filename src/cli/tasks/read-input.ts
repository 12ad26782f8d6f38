import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { decodeText } from '../../config/text.ts';
import { UserError } from '../../core/user-error.ts';
import { errnoOf } from '../../process/errno.ts';
import type { CommandContext } from '../context.ts';

/** Ten thousand long tasks; a program that sends more is not sending tasks. */
const SIZE_MAX_BYTES = 16 * 1024 * 1024;

/** The text of a file, or of stdin for `-`, as far as it is text of a bearable size. @throws UserError */
export async function readInput({ stdin, cwd }: Pick<CommandContext, 'stdin' | 'cwd'>, name: string): Promise<string> {
  const bytes = name === '-' ? await readAll(stdin, 'stdin') : await readFile(resolve(cwd, name), name);
  const text = decodeText(bytes);
  if (text !== null) return text;
  throw refusal('tasks-encoding', `${name} is not UTF-8 text`, 'Save it as UTF-8.');
}

async function readFile(path: string, name: string): Promise<Buffer> {
  try {
    // Whatever it is, opening it does not wait.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile())
      throw refusal('tasks-unreadable', `${name} is not a regular file`, 'Send it to stdin: --from -');
    if (stats.size > SIZE_MAX_BYTES) throw tooLarge(name);
    return await readAll(file.createReadStream({ autoClose: false }), name);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw refusal('tasks-unreadable', `there is no file ${name}`, 'Mend the path.');
    // A socket, or a terminal that this process has not; a circle of links.
    if (code === 'ENXIO' || code === 'ELOOP')
      throw refusal('tasks-unreadable', `${name} is not a regular file`, 'Send it to stdin: --from -');
    if (code === 'ENAMETOOLONG') throw refusal('tasks-unreadable', `there is no file ${name}`, 'Mend the path.');
    if (code === 'EACCES')
      throw refusal('tasks-unreadable', `no permission to read ${name}`, 'Give yourself read permission.');
    throw error;
  }
}

async function readAll(stream: AsyncIterable<unknown>, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    sizeBytes += bytes.length;
    if (sizeBytes > SIZE_MAX_BYTES) throw tooLarge(name);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function tooLarge(name: string): UserError {
  return refusal('tasks-too-large', `${name} is larger than 16 MiB`, 'Split it.');
}

function refusal(code: string, message: string, hint: string): UserError {
  return new UserError({ code, message, hint });
}

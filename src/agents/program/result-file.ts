import { redactJson } from '../../core/redact-json.ts';
import type { Redactor } from '../../core/redact.ts';
import { readFileBeneath } from '../../process/file.ts';
import type { Turn } from '../agent.ts';
import { parseResult, RESULT_BYTES_MAX } from '../packet.ts';
import type { ResultFile } from '../packet.ts';
import { RESULT_FILE } from './turn-variables.ts';

/** What the program left in the file that `YARD_RESULT` names; null: there is none. */
export async function readResultFile(
  turn: Turn,
): Promise<ResultFile | { readonly kind: 'refused'; why: string } | null> {
  const file = await readFileBeneath(turn.outbox, RESULT_FILE, { maxBytes: RESULT_BYTES_MAX });
  if (file.kind === 'refused') return file;
  return file.kind === 'ok' ? parseResult(withoutSecrets(file.data, turn.redactor), turn) : null;
}

function withoutSecrets(data: Buffer, redactor: Redactor): Buffer {
  const text = data.toString('latin1');
  const redacted = redactJson(text, (part) => redactor.text(part));
  return redacted === text ? data : Buffer.from(redacted, 'latin1');
}

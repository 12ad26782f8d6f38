import type { Config } from '../config/schema.ts';
import { inertLine } from '../core/inert.ts';
import type { Notice } from '../core/notice.ts';
import { shapeNotice } from '../core/notice-shapes.ts';
import { webhookProblem } from '../core/webhook-address.ts';
import { brokenChannel } from './notice-channel.ts';
import type { NoticeChannel, Sent } from './notice-channel.ts';

/*
 * Invariants:
 * 1. The address is shown nowhere but for its host; neither is what the receiver answers.
 * 2. A redirect is not followed: what is told goes to the address that the operator named, or nowhere.
 */

const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MAX_MS = 3_600_000;

type Webhook = NonNullable<Config['notify']['webhook']>;

/** Posts to the address that the configuration, or a variable of the environment, holds. */
export function webhookChannel(
  { url, variable, shape }: Webhook,
  environment: Readonly<Record<string, string | undefined>>,
): NoticeChannel {
  const address = (url ?? environment[variable ?? ''] ?? '').trim();
  const problem = address === '' ? 'is not set' : webhookProblem(address);
  const parsed = problem === null && URL.canParse(address) ? new URL(address) : null;
  if (parsed === null) {
    return brokenChannel('webhook', `${variable ?? 'notify.webhook.url'} ${problem ?? 'is no address'}`);
  }
  return {
    name: 'webhook',
    where: `${parsed.host} (${shape})`,
    problem: null,
    send: (notice) => post(parsed, shape, notice),
  };
}

async function post(address: URL, shape: Webhook['shape'], notice: Notice): Promise<Sent> {
  const { headers, body } = shapeNotice(notice, shape);
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { ...headers, 'user-agent': 'yardmaster' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return judge(response, address);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { kind: 'failed', why: `${address.host} was not reached: ${reasonOf(error)}` };
  }
}

function judge(response: Response, { host }: URL): Sent {
  if (response.ok) return { kind: 'ok' };
  const { status } = response;
  if (status >= 300 && status < 400) {
    return {
      kind: 'failed',
      why: `${host} sends elsewhere (HTTP ${status}), which is not followed; name the address itself`,
    };
  }
  const failed = { kind: 'failed', why: `${host} refused it: HTTP ${status}` } as const;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return seconds > 0 ? { ...failed, retryAfterMs: Math.min(seconds * 1000, RETRY_AFTER_MAX_MS) } : failed;
}

/** By name and code alone: a message may hold the address. */
function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
  return inertLine(code, 60);
}

import { inertLine } from '../../core/inert.ts';
import type { Usage } from '../../core/usage.ts';
import type { Proof } from './probe-agent.ts';

const WHY_MAX = 400;
/** The error of a crash stands above its stack. */
const LINES_MAX = 12;
const LINE_MAX = 200;

/** Everything that a probe can prove is proven. */
export function isProven({ started, answered, calledTool, reported }: Proof): boolean {
  return started && answered && calledTool !== false && reported;
}

/** What a probe has shown, a line each. */
export function renderProof(spec: string, proof: Proof): string[] {
  const { started, answered, calledTool, reported, sandbox, usage, durationMs, end } = proof;
  const lines = [
    `${spec}: ${isProven(proof) ? 'proven' : 'failed'} in ${(durationMs / 1000).toFixed(1)} s`,
    line(started, `started, in ${sandbox === 'none' ? 'no sandbox' : `a cell (${sandbox})`}`),
    line(answered, 'its model answers, so that its account holds'),
    ...(calledTool === null ? [] : [line(calledTool, 'calls a tool')]),
    line(reported, calledTool === null ? 'reports by its last message' : 'reports by its tools that it is done'),
  ];
  if (usage !== null) lines.push(`      used: ${usageWords(usage)}`);
  if ('why' in end) lines.push(`      why: ${inertLine(end.why, WHY_MAX)}`);
  const said = 'outputTail' in end ? lastLines(end.outputTail) : [];
  if (said.length > 0) lines.push('      it said at its end:', ...said.map((text) => `        ${text}`));
  return lines;
}

function lastLines(output: string): string[] {
  const lines = output.split(/\r\n|\r|\n/).filter((text) => text.trim() !== '');
  return lines.slice(-LINES_MAX).map((text) => inertLine(text.trimEnd(), LINE_MAX));
}

function line(isSo: boolean, what: string): string {
  return `  ${isSo ? 'yes' : 'no '} ${what}`;
}

function usageWords({ inputTokens, cachedTokens, cacheWriteTokens, outputTokens, costUsd }: Usage): string {
  const input = inputTokens + cachedTokens + cacheWriteTokens;
  const cost = costUsd === null ? 'cost not told' : `$${costUsd.toFixed(4)}`;
  return `${input} tokens in, ${outputTokens} out, ${cost}`;
}

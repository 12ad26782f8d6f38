import { expect, test } from 'vitest';

import { renderProof } from './probe-text.ts';

test('what a program said at its end is shown, safe to print and bounded', () => {
  const outputTail = `${'early\n'.repeat(50)}Error: no \u001b[31mlibrary\r\n    at x.js:1\n\nNode.js v24.1.0\n`;
  const lines = renderProof('codex', {
    started: true,
    answered: false,
    calledTool: false,
    reported: false,
    sandbox: 'none',
    usage: null,
    durationMs: 100,
    end: { kind: 'no-packet', why: 'codex ended', outputTail },
  });
  const said = lines.slice(lines.indexOf('      it said at its end:') + 1);
  expect(said).toHaveLength(12);
  expect(said.slice(-3).map((line) => line.trim())).toEqual(['Error: no library', 'at x.js:1', 'Node.js v24.1.0']);
});

import { expect, test } from 'vitest';

import { runProcess } from '../process/run.ts';
import { shellWord } from './shell-word.ts';

test('a shell reads back what was written, as one word', async () => {
  const texts = ['plain/path-1.0', '', 'two words', `it's "quoted" $HOME \`x\` \\ *`, 'a\nb'];
  const script = texts.map((text) => `printf '%s\\0' ${shellWord(text)}`).join('\n');
  const { stdout } = await runProcess('/bin/sh', ['-c', script], { cwd: '/', env: {} });
  expect(stdout.toString().split('\0').slice(0, -1)).toEqual(texts);
});

test('what needs no quotes has none', () => {
  expect(shellWord('/tmp/yardmaster-demo-x1/shop')).toBe('/tmp/yardmaster-demo-x1/shop');
});

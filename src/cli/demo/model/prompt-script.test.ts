import { expect, test } from 'vitest';
import type { Conversation } from './conversation.ts';
import { scriptInPrompt, writeScript } from './prompt-script.ts';

const NOTHING: Conversation = { protocol: 'chat', model: '', system: '', messages: [], tools: [] };
const read = (prompt: string) => scriptInPrompt(prompt, NOTHING);
const STEPS = [{ write: { path: 'a "b"', content: 'one\n\ttwo é' } }, { say: { text: 'done' } }];

test.each([
  ['as it is', (text: string) => text],
  ['in a fence', (text: string) => `# Task\n\n\`\`\`\n${text}\n\`\`\`\n`],
  ['escaped, as inside of a string of JSON', (text: string) => JSON.stringify(`Do it: ${text}`)],
])('a script in a prompt is read: %s', (_, wrap) => {
  expect(read(wrap(writeScript(STEPS)))).toEqual(STEPS);
});

test('the first script of a message counts', () => {
  expect(read(`${writeScript([])} ${writeScript(STEPS)}`)).toEqual([]);
});

test.each(['', 'no script', '<<<{"steps": []', '}>>> <<<'])('there is no script in %j', (prompt) => {
  expect(read(prompt)).toBeNull();
});

test.each(['<<<{"steps": [{"fly": {}}]}>>>', '<<<{}>>>', '<<<{steps}>>>'])('this is no script: %s', (prompt) => {
  expect(() => read(prompt)).toThrow();
});

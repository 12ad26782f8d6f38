import { describe, expect, test } from 'vitest';
import type { OfferedTool } from './conversation.ts';
import { chooseCall } from './tool-call.ts';

function tool(name: string, words: readonly string[] = [], rest: Partial<OfferedTool> = {}): OfferedTool {
  const properties = Object.fromEntries(words.map((word) => [word, { type: 'string' }]));
  return { name, namespace: null, kind: 'function', properties, required: [], ...rest };
}

const WRITE = { write: { path: 'sub/a b', content: 'one\ntwo\n' } };
const EXEC = tool('exec_command', ['cmd', 'yield_time_ms']);
const PATCH = tool('apply_patch', [], { kind: 'custom' });
const INTERPRETER = tool('exec', [], { kind: 'custom' });

describe('a file is written with what there is', () => {
  test.each([
    ['claude', tool('Write', ['file_path', 'content']), { file_path: 'sub/a b', content: 'one\ntwo\n' }],
    ['opencode', tool('write', ['filePath', 'content']), { filePath: 'sub/a b', content: 'one\ntwo\n' }],
    ['gemini', tool('write_file', ['file_path', 'content']), { file_path: 'sub/a b', content: 'one\ntwo\n' }],
    ['pi', tool('write', ['path', 'content']), { path: 'sub/a b', content: 'one\ntwo\n' }],
    ['a patch', PATCH, { input: '*** Begin Patch\n*** Add File: sub/a b\n+one\n+two\n*** End Patch\n' }],
    ['a shell', EXEC, { cmd: "mkdir -p sub && printf %s 'one\ntwo\n' > 'sub/a b'", yield_time_ms: 30_000 }],
  ])('%s', (_, offered, words) => {
    expect(chooseCall(WRITE, [offered], false)).toEqual({
      kind: 'call',
      call: { tool: offered, arguments: words },
      isAside: false,
    });
  });

  test('text that does not end with its line is no patch', () => {
    const choice = chooseCall({ write: { path: '/a', content: 'one' } }, [PATCH, EXEC], false);
    expect(choice).toMatchObject({ call: { arguments: { cmd: 'mkdir -p / && printf %s one > /a' } } });
  });
});

describe('a command is run with what there is', () => {
  test.each([
    ['a description is required', tool('bash', ['command'], { required: ['command', 'description'] }), 'ls'],
    ['words', tool('shell', [], { properties: { command: { type: 'array' } } }), ['bash', '-c', 'ls']],
  ])('%s', (_, offered, command) => {
    const choice = chooseCall({ run: { command: 'ls' } }, [offered], false);
    expect(choice).toMatchObject({ call: { tool: offered, arguments: { command } } });
    for (const name of offered.required) expect(choice).toHaveProperty(`call.arguments.${name}`);
  });

  test('in code mode by a script', () => {
    const choice = chooseCall({ run: { command: 'echo "a"' } }, [INTERPRETER], false);
    const input = choice.kind === 'call' ? choice.call.arguments['input'] : null;
    expect(input).toContain('tools.exec_command({"cmd":"echo \\"a\\""');
  });
});

describe('a tool is found by the end of its name', () => {
  const step = { tool: { name: 'report_packet', arguments: { summary: 'x' } } };
  test.each([
    ['claude', tool('mcp__yard__report_packet')],
    ['opencode', tool('yard_report_packet')],
    ['its own name', tool('report_packet')],
    ['codex', tool('report_packet', [], { namespace: 'mcp__yard' })],
  ])('%s', (_, offered) => {
    expect(chooseCall(step, [EXEC, offered], false)).toEqual({
      kind: 'call',
      call: { tool: offered, arguments: { summary: 'x' } },
      isAside: false,
    });
  });

  test.each([
    ['claude', tool('ToolSearch', [], { required: ['query', 'max_results'] }), { max_results: 5 }],
    ['codex', tool('tool_search', [], { kind: 'search' }), {}],
  ])('it is searched for once, where it is not told yet: %s', (_, search, rest) => {
    expect(chooseCall(step, [search], false)).toEqual({
      kind: 'call',
      call: { tool: search, arguments: { query: 'report_packet', ...rest } },
      isAside: true,
    });
    expect(chooseCall(step, [search], true)).toMatchObject({ kind: 'missing' });
  });

  test('what is not offered is told, with all that is', () => {
    expect(chooseCall(step, [tool('packet'), tool('a', [], { namespace: 'b' })], false)).toEqual({
      kind: 'missing',
      why: 'the tool report_packet is not offered: packet, b.a',
    });
    expect(chooseCall(WRITE, [], false)).toEqual({ kind: 'missing', why: 'a shell is not offered: ' });
  });
});

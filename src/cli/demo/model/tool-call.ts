import { shellWord } from '../../../core/shell-word.ts';
import type { OfferedTool, ToolCall } from './conversation.ts';
import type { CallStep } from './step.ts';

/** A call, or why there is none: the wanted tool is not offered. `isAside` is a call that the script does not know of. */
export type Choice =
  | { readonly kind: 'call'; readonly call: ToolCall; readonly isAside: boolean }
  | { readonly kind: 'missing'; readonly why: string };

// By name, the ones that serve best first. Programs differ in nothing else but the names of the arguments.
const WRITERS = ['write', 'write_file'];
const SHELLS = ['bash', 'run_shell_command', 'exec_command', 'shell', 'shell_command'];
const PATHS = ['file_path', 'filePath', 'path', 'absolute_path'];
const COMMANDS = ['command', 'cmd'];

/** The call that does a step, with the tools that this request offers. */
export function chooseCall(step: CallStep, tools: readonly OfferedTool[], hasSearched: boolean): Choice {
  if ('write' in step) return writeCall(step.write, tools);
  if ('run' in step) return runCall(step.run.command, tools);
  return namedCall(step.tool, tools, hasSearched);
}

function writeCall(file: { path: string; content: string }, tools: readonly OfferedTool[]): Choice {
  const writer = byName(WRITERS, tools);
  if (writer !== undefined) return call(writer, { [nameOf(PATHS, writer)]: file.path, content: file.content });
  const patcher = tools.find(({ name, kind }) => name === 'apply_patch' && kind === 'custom');
  // A patch is made of whole lines.
  if (patcher !== undefined && file.content.endsWith('\n')) return call(patcher, { input: addFile(file) });
  return shellWrite(file, tools);
}

/** Writes a file with the shell, which asks neither whether it was read before nor for an absolute path. */
export function shellWrite(
  { path, content }: { path: string; content: string },
  tools: readonly OfferedTool[],
): Choice {
  const directory = path.includes('/') ? path.replace(/\/[^/]*$/u, '') || '/' : '.';
  return runCall(`mkdir -p ${shellWord(directory)} && printf %s ${shellWord(content)} > ${shellWord(path)}`, tools);
}

function addFile({ path, content }: { path: string; content: string }): string {
  const lines = content.slice(0, -1).split('\n');
  return ['*** Begin Patch', `*** Add File: ${path}`, ...lines.map((line) => `+${line}`), '*** End Patch', ''].join(
    '\n',
  );
}

function runCall(command: string, tools: readonly OfferedTool[]): Choice {
  const shell = byName(SHELLS, tools);
  if (shell === undefined) {
    const interpreter = codeMode(tools);
    if (interpreter === undefined) return missing('a shell', tools);
    const source = `const done = await tools.exec_command(${JSON.stringify({ cmd: command, yield_time_ms: 30_000 })});`;
    return call(interpreter, { input: `${source}\ntext(done.output);` });
  }
  const name = nameOf(COMMANDS, shell);
  const isList = (shell.properties[name] as { type?: unknown } | undefined)?.type === 'array';
  return call(shell, {
    [name]: isList ? ['bash', '-c', command] : command,
    // Otherwise the answer comes before the command has ended.
    ...('yield_time_ms' in shell.properties ? { yield_time_ms: 30_000 } : {}),
  });
}

function namedCall(
  wanted: { name: string; arguments: Readonly<Record<string, unknown>> },
  tools: readonly OfferedTool[],
  hasSearched: boolean,
): Choice {
  const found = tools.find((tool) => tool.kind !== 'search' && isNamed(tool, wanted.name));
  if (found !== undefined) return { kind: 'call', call: { tool: found, arguments: wanted.arguments }, isAside: false };
  const search = tools.find((tool) => tool.kind === 'search' || tool.name === 'ToolSearch');
  if (search !== undefined && !hasSearched) {
    const limit = search.required.includes('max_results') ? { max_results: 5 } : {};
    return { kind: 'call', call: { tool: search, arguments: { query: wanted.name, ...limit } }, isAside: true };
  }
  const interpreter = codeMode(tools);
  if (interpreter !== undefined) return call(interpreter, { input: interpreted(wanted) });
  return missing(`the tool ${wanted.name}`, tools);
}

/** In code mode the model does not see the names of all tools, but what it writes does. */
function interpreted({ name, arguments: words }: { name: string; arguments: unknown }): string {
  return [
    `const wanted = ${JSON.stringify(name)};`,
    "const found = ALL_TOOLS.find((tool) => tool.name === wanted || tool.name.endsWith('_' + wanted));",
    "if (!found) throw new Error(`the tool ${wanted} is not offered: ${ALL_TOOLS.map((tool) => tool.name).join(', ')}`);",
    `text(await tools[found.name](${JSON.stringify(words)}));`,
  ].join('\n');
}

function codeMode(tools: readonly OfferedTool[]): OfferedTool | undefined {
  return tools.find(({ name, kind }) => name === 'exec' && kind === 'custom');
}

/** `report_packet` is `mcp__yard__report_packet`, too, and every other name that ends so. */
function isNamed({ name, namespace }: OfferedTool, wanted: string): boolean {
  const whole = namespace === null ? name : `${namespace}__${name}`;
  return name === wanted || whole === wanted || whole.endsWith(`_${wanted}`) || whole.endsWith(`.${wanted}`);
}

function byName(names: readonly string[], tools: readonly OfferedTool[]): OfferedTool | undefined {
  return names
    .map((name) => tools.find((tool) => tool.kind === 'function' && tool.name.toLowerCase() === name))
    .find((tool) => tool !== undefined);
}

function nameOf(names: readonly string[], tool: OfferedTool): string {
  return names.find((name) => name in tool.properties) ?? names[0] ?? '';
}

/** What is required besides is text that nobody reads: a description, a reason. */
function call(tool: OfferedTool, given: Readonly<Record<string, unknown>>): Choice {
  const rest = tool.required.map((name): [string, unknown] => [name, 'a step of the script']);
  const words: Record<string, unknown> = { ...Object.fromEntries(rest), ...given };
  return { kind: 'call', call: { tool, arguments: words }, isAside: false };
}

function missing(what: string, tools: readonly OfferedTool[]): Choice {
  const names = tools.map(({ name, namespace }) => (namespace === null ? name : `${namespace}.${name}`));
  return { kind: 'missing', why: `${what} is not offered: ${names.join(', ')}` };
}

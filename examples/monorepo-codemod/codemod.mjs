// A codemod as an agent of Yardmaster: it runs in the task's own copy of the repository, and the prompt comes on stdin.
// It gives every import of a built-in module its `node:` prefix, in the one package that the task owns.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

const prompt = readFileSync(0, 'utf8');
// Yardmaster lists what the task owns, one path a line: "- `packages/cart`".
const [, directory] = /^- `(packages\/[a-z0-9-]+)`$/m.exec(prompt) ?? [];
if (directory === undefined) {
  console.error(`${process.env['YARD_TASK_ID'] ?? 'the task'} owns no package`);
  process.exit(1);
}

const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mjs'));
let count = 0;
for (const name of files) {
  const path = join(directory, name);
  const before = readFileSync(path, 'utf8');
  const after = before.replaceAll(/(?<=\bfrom ')[^':]+(?=')/g, (specifier) => {
    if (!isBuiltin(specifier)) return specifier;
    count += 1;
    return `node:${specifier}`;
  });
  if (after !== before) writeFileSync(path, after);
}
console.log(`${directory}: ${count} imports changed in ${files.length} files`);

#!/usr/bin/env node
// Old versions of Node must be able to parse this file, so that they can say what is wrong instead of printing a syntax error.
const oldestMajor = 24;

/** @param {string} message */
function refuse(message) {
  process.stderr.write('yard: ' + message + '\n');
  process.exitCode = 2;
}

async function launch() {
  if (Number(process.versions.node.split('.')[0]) < oldestMajor) {
    refuse(
      `Node ${oldestMajor} or newer is needed, and this is Node ${process.versions.node}: install Node ${oldestMajor}` +
        ` (\`nvm install ${oldestMajor}\`, or https://nodejs.org), or run \`npx -p node@${oldestMajor} -p yardmaster yard …\`.`,
    );
    return;
  }
  const main = new URL('../dist/main.js', import.meta.url);
  // By `import` they would be slower: it looks at everything that such a module has, and so loads half of Node.
  if (!process.getBuiltinModule('fs').existsSync(main)) {
    refuse('dist/main.js is missing: run `npm run build` first.');
    return;
  }
  process.getBuiltinModule('module').enableCompileCache();
  await import(main.href);
}

void launch();

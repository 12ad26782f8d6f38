import { expect, test } from 'vitest';

import { crashCause } from './crash-cause.ts';

const CODEX = `file:///opt/node_modules/@openai/codex/bin/codex.js:100
    throw new Error(
          ^

Error: Missing optional dependency @openai/codex-linux-x64. Reinstall Codex: npm install -g @openai/codex@latest
    at findCodexExecutable (file:///opt/node_modules/@openai/codex/bin/codex.js:100:11)
    at ModuleJob.run (node:internal/modules/esm/module_job:343:25)

Node.js v20.20.2
`;
const REQUIRE = `node:internal/modules/cjs/loader:1386
  throw err;
  ^

Error: Cannot find module 'x'
Require stack:
- /lane/[eval]
    at Module._load (node:internal/modules/cjs/loader:1192:37) {
  code: 'MODULE_NOT_FOUND',
  requireStack: [ '/lane/[eval]' ]
}

Node.js v24.1.0`;
const CAUSE = `throw e
^

Error: the request failed
    at [eval]:1:7 {
  [cause]: Error: connect ECONNREFUSED 127.0.0.1:1
      at TCPConnectWrap.afterConnect (node:net:1611:16) {
    errno: -111
  }
}

Node.js v24.1.0
`;
const PRINTED = `loading
TypeError: x is not a function
    at main (/opt/a.js:1:2)
    at /opt/a.js:3:1 {
  code: 'ERR'
}
`;
const BUN = `1 | throw new Error("no model")
          ^
error: no model
      at /$bunfs/root/index.js:1:7

Bun v1.3.0 (Linux x64)
`;
const RUST = `reading
thread 'main' (4711) panicked at src/main.rs:2:5:
no config found
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace
`;
const OLD_RUST = `thread 'main' panicked at 'no config found', src/main.rs:2:5
stack backtrace:
   0: rust_begin_unwind
             at /rustc/library/std/src/panicking.rs:1:2
`;
const GO = `panic: no config

goroutine 1 [running]:
main.main()
\t/opt/main.go:3 +0x1b
exit status 2
`;
const PYTHON = `Traceback (most recent call last):
  File "/opt/a.py", line 1, in <module>
    main()
    ^^^^^^
  File "/opt/a.py", line 9, in main
ValueError: no config
`;
const CHAINED = `${PYTHON}
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/opt/a.py", line 2, in <module>
RuntimeError: cannot start
see the manual
`;

test.each([
  ['an uncaught error of Node', CODEX, /^Error: Missing optional dependency @openai\/codex-linux-x64/],
  ['a message of several lines', REQUIRE, /^Error: Cannot find module 'x'$/],
  ['an error with a cause', CAUSE, /^Error: the request failed$/],
  ['what is no error', 'throw "gone"\n^\ngone\n(Use `node --trace-uncaught ...`)\n\nNode.js v24.1.0', /^gone$/],
  ['a version alone', 'Node.js v24.1.0\n', /^Node\.js v24\.1\.0$/],
  ['an error that a program prints', PRINTED, /^TypeError: x is not a function$/],
  ['Bun', BUN, /^error: no model$/],
  ['Rust', RUST, /^thread 'main' \(4711\) panicked at src\/main\.rs:2:5: no config found$/],
  ['an older Rust', OLD_RUST, /^thread 'main' panicked at 'no config found'/],
  ['Go', GO, /^panic: no config$/],
  ['Python', PYTHON, /^ValueError: no config$/],
  ['an exception after another', CHAINED, /^RuntimeError: cannot start$/],
])('%s', (_name, output, cause) => {
  expect(crashCause(output)).toMatch(cause);
});

test.each([
  ['nothing', ' \n\n', ''],
  ['plain words', 'reading\n  not logged in  \r\n\n', 'not logged in'],
  ['words long after an error that was survived', `${PYTHON}1\n2\n3\n4\nno network\n`, 'no network'],
  ['words after a stack that was survived', `${PRINTED}no network\n`, 'no network'],
  ['a panic of a thread that was survived', `${RUST}1\n2\n3\nno network\n`, 'no network'],
])('the last line of %s', (_name, output, last) => {
  expect(crashCause(output)).toBe(last);
});

import { describe, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { yamlBomb } from '../fixtures/e2e/yaml-bomb.ts';
import { defaultConfig, makeYard } from '../fixtures/e2e/yard.ts';

const CONFIG = `version: 1
target: agent/integration
defaults: { agent: a, gate: default }
gates: { default: { run: 'true' } }
agents: { a: { kind: command, run: [git] } }
`;

const at = (line: number, column: number, rest: string) =>
  new RegExp(`^\\.yard/config\\.yaml:${line}:${column}: ${rest}`);

describe('a configuration that does not hold', () => {
  test('case 36: is refused with its place, and nothing is made', async () => {
    const made = await makeYard({ config: CONFIG });
    const cases: readonly (readonly [text: string, error: RegExp, hint: RegExp])[] = [
      [`${CONFIG}limitz: {}\n`, at(6, 1, 'unknown key "limitz"; did you mean limits\\?'), /Correct it there/],
      [
        `${CONFIG}limits:\n  concurrent: five\n`,
        at(7, 3, 'limits.concurrent must be a number, not the text "five"'),
        /Correct/,
      ],
      [`${CONFIG}limits: [5]\n`, at(6, 1, 'limits must be a map, not a list'), /Correct/],
      [`${CONFIG}target: other\n`, at(6, 1, '.*target'), /./],
      [`${CONFIG}__proto__: { polluted: yes }\n`, at(6, 1, '.*__proto__'), /./],
      [`${CONFIG}areas:\n  __proto__: { owns: [a] }\n`, at(7, 3, '.*__proto__'), /./],
      [`${CONFIG}areas: &a { b: *a }\n`, at(6, 16, 'the alias \\*a names nothing above it'), /./],
      [yamlBomb(), at(4, 22, 'the YAML expands to too many values'), /./],
      [`${CONFIG}protected: ['../out']\n`, at(6, 13, '.*leads out'), /./],
      [CONFIG.replace('agent/integration', '-rf'), at(2, 1, 'target is not a branch name that Yardmaster takes'), /./],
      [
        CONFIG.replace('gate: default', 'gate: defualt'),
        at(3, 23, 'defaults.gate names defualt, .*did you mean default\\?'),
        /./,
      ],
      ['version: 1\n\ttarget: x\n', at(2, 1, ''), /./],
      ['', /^\.yard\/config\.yaml:1:1: |^\.yard\/config\.yaml: /, /./],
    ];
    for (const [text, error, hint] of cases) {
      await made.write('repo/.yard/config.yaml', text);
      await expectRefused(made, ['run'], { error, hint });
    }
    await made.write('repo/.yard/config.yaml', CONFIG);
    await made.write('repo/.yard/config.local.yaml', 'limits: { concurent: 1 }\n');
    await expectRefused(made, ['reconcile'], {
      error: /^\.yard\/config\.local\.yaml:1:11: unknown key "concurent" in limits; did you mean concurrent\?/,
      hint: /Correct/,
    });
  });

  test('a variable, recipes, a provisioned file that git would commit, and none at all', async () => {
    const made = await makeYard();
    await expectRefused(
      made,
      ['run'],
      {
        error:
          /^YARD_LIMITS_CONCURENT: .*did you mean YARD_LIMITS_CONCURRENT\?|^no key .*YARD_LIMITS_CONCURENT; did you mean/,
        hint: /Unset it/,
      },
      { env: { YARD_LIMITS_CONCURENT: '2' } },
    );
    const config = defaultConfig(made.base);
    const write = (extra: object) => made.write('repo/.yard/config.yaml', JSON.stringify({ ...config, ...extra }));
    await write({ agents: { script: { kind: 'replay', recipes: 'recipes.yaml' } } });
    await expectRefused(made, ['run'], {
      error: /^recipes\.yaml: the recipes recipes\.yaml of the agent script do not exist/,
      hint: /agents\.script\.recipes/,
    });
    await made.write('repo/recipes.yaml', 'T-1:\n  - jump: high\n');
    await expectRefused(made, ['run'], { error: /^recipes\.yaml:2:5: there is no step "jump"/, hint: /list of steps/ });
    await write({ provision: [{ source: 'README.md' }] });
    await expectRefused(made, ['run'], {
      error: /^\.yard\/config\.yaml: the provision source README\.md is not ignored by git/,
      hint: /\.gitignore/,
    });
    made.git('rm', '--quiet', '-rf', '.yard');
    await expectRefused(made, ['run'], { error: /^there is no \.yard\/config\.yaml in /, hint: /yard init/ });
    await expectRefused(made, ['status'], { error: /^there is no yard for /, hint: /yard init/ });
  });
});

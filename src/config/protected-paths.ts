/**
 * Paths whose change waits for a person, unless the configuration lists others under `protected`: whoever may change
 * them decides what the yard, its gates or the next agent do. A list of one's own replaces this one.
 */
export const DEFAULT_PROTECTED: readonly string[] = [
  // What the yard does: gates, agents, tasks, prompts.
  '.yard/**',
  // What the next agent is told and may call, at any depth: instructions, tools, hooks.
  '**/{CLAUDE,AGENTS,GEMINI}.md',
  '**/.mcp.json',
  '**/.{claude,codex,gemini,cursor}/**',
  '.github/copilot-instructions.md',
  // What a forge or a build server runs with its own secrets.
  '.github/{workflows,actions}/**',
  '{.gitlab-ci.yml,.gitlab/ci/**,.circleci/**,.ci/**,.woodpecker/**,.forgejo/**,.gitea/**}',
  '{.travis.yml,.drone.yml,azure-pipelines.yml,bitbucket-pipelines.yml,Jenkinsfile}',
  // What git does with the files of whoever checks the target out.
  '.gitmodules',
  '**/.gitattributes',
  // What runs when a person merely enters the directory, opens it in an editor, or installs.
  '**/.envrc',
  '.vscode/**',
  '**/.npmrc',
];

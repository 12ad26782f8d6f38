/**
 * Protected whatever the configuration says: what the yard does, and what an agent runs, or may call, when it merely
 * starts. An agent that could land a change to these would decide what runs on this machine next, past every gate.
 */
export const ALWAYS_PROTECTED: readonly string[] = [
  // What the yard does: gates, prewarm, provision, agents, tasks, prompts.
  '.yard/**',
  // Settings, hooks, tools and extensions of agents, at any depth.
  '**/.{claude,codex,gemini,opencode,qwen,cursor,copilot,agents}/**',
  '**/.{aider,amp,augment,clinerules,continue,crush,factory,goose,junie,kilocode,kiro,roo,windsurf}/**',
  '**/{.mcp.json,opencode.json,opencode.jsonc,.crush.json,crush.json,.aider.conf.yml}',
  '.github/{hooks,copilot}/**',
];

/**
 * Further paths whose change waits for a person, unless the configuration lists others under `protected`: whoever may
 * change them decides what the next agent, a build server or a person's tools do. A list of one's own replaces this one.
 */
export const DEFAULT_PROTECTED: readonly string[] = [
  // What the next agent is told, at any depth.
  '**/{CLAUDE,AGENTS,GEMINI,QWEN}.md',
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

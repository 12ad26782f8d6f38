/** Of Qwen Code, however it is started: what it does besides the task is off, and the tools that it is given are in sight. */
export const QWEN_SETTINGS = {
  privacy: { usageStatisticsEnabled: false },
  general: { enableAutoUpdate: false },
  // Otherwise it asks its model after each turn what to remember: another request, and nothing of the task.
  memory: { enableManagedAutoMemory: false, enableManagedAutoDream: false },
  // Beneath these it tries seven times of itself, which takes more than a minute.
  model: { generationConfig: { maxRetries: 0 } },
  tools: { toolSearch: { enabled: false } },
} as const;

/** Beside the directory of its home. */
export const QWEN_VARIABLES: Readonly<Record<string, string>> = {
  // Otherwise it runs as a child of itself, and goes on where only the parent is ended.
  QWEN_CODE_NO_RELAUNCH: 'true',
  QWEN_CODE_SUPPRESS_YOLO_WARNING: '1',
  // Otherwise its model may be asked before the tools are there.
  QWEN_CODE_LEGACY_MCP_BLOCKING: '1',
};

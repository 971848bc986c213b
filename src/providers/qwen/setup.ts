import { join } from 'node:path'
import type { AgentCommand, OwnFile } from '../adapter/contract.js'
import { neverOffered } from './permissions.js'

/** Settings in the file that it names win over all others. */
export const settingsVariable = 'QWEN_CODE_SYSTEM_SETTINGS_PATH'

const excluded: readonly string[] = ['--exclude-tools', neverOffered.join(',')]

/** The flags of full permissions. */
export const unrestricted: readonly string[] = ['--approval-mode', 'yolo', ...excluded]

/**
 * The flags and settings of a review. In the mode `plan` nothing writes. Neither settings nor instructions of the tree
 * that is judged: it is not trusted, and nothing is customized.
 */
export const reviewing = {
  flags: ['--approval-mode', 'plan', '--safe-mode', '--chat-recording=false', ...excluded],
  settings: { security: { folderTrust: { enabled: true } } },
} as const

/** `settings` win over the user's. */
export function setup(ownDir: string, settings?: object): Required<Pick<AgentCommand, 'env' | 'files'>> {
  const below = settingsFile(ownDir, 'defaults.json', defaults)
  const above = settings === undefined ? [] : [settingsFile(ownDir, 'settings.json', settings)]
  return {
    env: {
      QWEN_CODE_SYSTEM_DEFAULTS_PATH: below.path,
      ...Object.fromEntries(above.map(({ path }) => [settingsVariable, path])),
      // One process less.
      QWEN_CODE_NO_RELAUNCH: 'true',
      QWEN_CODE_SUPPRESS_YOLO_WARNING: '1',
    },
    files: [below, ...above],
  }
}

function settingsFile(ownDir: string, name: string, settings: object): OwnFile {
  return { path: join(ownDir, name), content: JSON.stringify(settings) }
}

/**
 * Every other settings file wins over these. Of its own accord it asks a busy server seven times, which takes a minute
 * and a half, and begins again ten times, after 1, 2, 4, 5 minutes and so on; and after its answer it asks the model what
 * to remember, and what the user will want next. Source: its code, 0.24.4.
 */
const defaults = {
  model: { generationConfig: { maxRetries: 0 } },
  general: { enableAutoUpdate: false },
  privacy: { usageStatisticsEnabled: false },
  memory: { enableManagedAutoMemory: false, enableManagedAutoDream: false, enableAutoSkill: false },
  ui: { enableFollowupSuggestions: false },
}

import { join } from 'node:path'
import type { AgentLimits, Assignment, OwnFile, ReviewRequest, WorkRequest } from '../adapter/contract.js'
import { editPolicy, reviewPolicy } from './policy.js'

/** What the CLI is started with, however it is told its prompt. */
export interface Setup {
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly OwnFile[]
}

/** The mode that its permissions are enforced in: a policy holds in `default` alone. */
export type ApprovalMode = 'default' | 'yolo'

export function approvalMode(assignment: Assignment): ApprovalMode {
  return assignment.type === 'work' && assignment.request.permissions === 'full' ? 'yolo' : 'default'
}

/** `ownDir`: where its files are. */
export function setupOf(assignment: Assignment, ownDir: string): Setup {
  return assignment.type === 'work' ? workSetup(assignment.request, ownDir) : reviewSetup(assignment.request, ownDir)
}

function workSetup({ permissions, allow, limits }: WorkRequest, ownDir: string): Setup {
  if (permissions === 'full') return setup(ownDir, limits, { flags: ['--approval-mode', 'yolo'] })
  return setup(ownDir, limits, restrictedBy(policyFile(ownDir, editPolicy(allow))))
}

function reviewSetup({ limits }: ReviewRequest, ownDir: string): Setup {
  const restricted = restrictedBy(policyFile(ownDir, reviewPolicy()))
  const own = { path: join(ownDir, 'settings.json'), content: JSON.stringify(ofReviewer) }
  return setup(ownDir, limits, {
    flags: [...restricted.flags, '--extensions', 'none'],
    files: [...restricted.files, own],
    env: { GEMINI_CLI_SYSTEM_SETTINGS_PATH: own.path },
  })
}

function restrictedBy(policy: OwnFile): Pick<Setup, 'flags' | 'files'> {
  return { flags: ['--approval-mode', 'default', '--policy', policy.path], files: [policy] }
}

function policyFile(ownDir: string, content: string): OwnFile {
  return { path: join(ownDir, 'policy.toml'), content }
}

function setup(ownDir: string, limits: AgentLimits | undefined, more: Partial<Setup>): Setup {
  const defaults = { path: join(ownDir, 'defaults.json'), content: JSON.stringify(settings(limits)) }
  return {
    flags: more.flags ?? [],
    env: {
      // One process less, which ignores signals, and 140 MB.
      GEMINI_CLI_NO_RELAUNCH: 'true',
      // Every other settings file wins over this one.
      GEMINI_CLI_SYSTEM_DEFAULTS_PATH: defaults.path,
      ...more.env,
    },
    files: [defaults, ...(more.files ?? [])],
  }
}

/**
 * Of its own accord it tries 10 times, for three minutes and a half; three attempts take about 15 s. A command may be
 * silent for as long as the agent may, less a bit: the CLI itself would end it after five minutes. A `.env` of the
 * workspace could send the key elsewhere. Source: schema of the settings of 0.61.0.
 */
function settings(limits: AgentLimits | undefined) {
  const silentMs = limits === undefined ? undefined : limits.idleTimeoutMs || limits.timeoutMs
  const shell = silentMs === undefined ? {} : { inactivityTimeout: Math.ceil((silentMs * 0.8) / 1000) }
  return {
    general: { maxAttempts: 3, enableAutoUpdate: false, enableAutoUpdateNotification: false },
    privacy: { usageStatisticsEnabled: false },
    advanced: { ignoreLocalEnv: true },
    tools: { shell },
  }
}

/**
 * Settings that win over those of the tree that is judged: it gives no hooks, tools or servers, and no instructions but
 * a `GEMINI.md`. A name that is set is added to that one, and whether it is read depends only on trust in the tree,
 * without which no `git diff` may run. What a tree has in `.gemini` is the user's: a change to it is left out of the
 * work. Source: tried with 0.61.0, and its code.
 */
const ofReviewer = {
  advanced: { ignoreLocalEnv: true },
  context: { fileName: 'no-instructions-of-the-tree' },
  hooksConfig: { enabled: false },
  skills: { enabled: false },
  mcp: { allowed: [] },
}

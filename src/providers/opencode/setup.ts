import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { allowedCommands, type AllowedCommand } from '../adapter/allowed-command.js'
import type { Assignment, OwnFile } from '../adapter/contract.js'
import { guardPlugin } from './guard.js'
import { editRules, readRules } from './permission-rules.js'

/** What the CLI is started with, however it is told its prompt. */
export interface Setup {
  /** The agent that must work. Without it, opencode's own default. */
  readonly agent?: string
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly OwnFile[]
}

/**
 * An agent of its own: rules of an agent count after all others, such as those of an `opencode.json` in the workspace.
 */
const agentName = 'autopilot'

interface Restriction {
  readonly rules: object
  /** Granted by the plugin. */
  readonly commands?: readonly AllowedCommand[]
  readonly env?: Readonly<Record<string, string>>
}

/** The agent that must work, for a restricted one. */
export function agentOf(assignment: Assignment): string | undefined {
  return restrictionOf(assignment) ? agentName : undefined
}

/** `ownDir`: where its files are. `tellsSteps`: the plugin tells what each call of the model used. */
export function setupOf(assignment: Assignment, ownDir: string, tellsSteps = false): Setup {
  const restriction = restrictionOf(assignment)
  const plugin = guardPlugin(agentName, restriction?.commands, tellsSteps)
  const file = { path: join(ownDir, 'autopilot-plugin.js'), content: plugin }
  return {
    ...(restriction ? { agent: agentName } : {}),
    env: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify(configOf(pathToFileURL(file.path).href, restriction?.rules, tellsSteps)),
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      ...restriction?.env,
    },
    files: [file],
  }
}

function restrictionOf(assignment: Assignment): Restriction | undefined {
  // Neither settings nor instructions of the tree that is judged.
  if (assignment.type === 'review') return { rules: readRules, env: { OPENCODE_DISABLE_PROJECT_CONFIG: '1' } }
  const { permissions, allow } = assignment.request
  return permissions === 'full' ? undefined : { rules: editRules, commands: allowedCommands(allow) }
}

/** The general rules are for the default agent, which opencode would fall back to if it did not find its own. */
function configOf(plugin: string, rules: object | undefined, isServer: boolean): object {
  const own = rules === undefined ? {} : { [agentName]: { mode: 'primary', permission: rules } }
  const permission = rules === undefined ? {} : { permission: rules }
  // A server has no flag for the title, which a call of the model would invent.
  const untitled = isServer ? { title: { disable: true } } : {}
  // Its snapshots are for undoing, which nobody does here.
  const config = { autoupdate: false, share: 'disabled', snapshot: false, plugin: [plugin], ...permission }
  const agent = { ...own, ...untitled }
  return Object.keys(agent).length === 0 ? config : { ...config, agent }
}

import type { WorkRequest } from '../adapter/contract.js'

/** A rule of opencode's: for everything, or by pattern; of those that match, the last counts. */
type Rules = Readonly<Record<string, string | Readonly<Record<string, string>>>>

const reading: Rules = { read: 'allow', glob: 'allow', grep: 'allow', list: 'allow' }

/** What opencode reads as its own settings, and runs as its own plugins, when it is next started. */
const ownSettings: Rules[string] = {
  '*': 'allow',
  '.opencode/*': 'deny',
  '*/.opencode/*': 'deny',
  'opencode.json*': 'deny',
  '*/opencode.json*': 'deny',
}

/**
 * What opencode permits under `edit`, but for commands, which only the plugin grants. `deny` everywhere: `ask` would end
 * the turn, and so would a repeated call (`doom_loop`), which autopilot's limits bound. Source: tried with 1.18.33.
 */
export const editRules: Rules = {
  '*': 'deny',
  ...reading,
  edit: ownSettings,
  todowrite: 'allow',
  doom_loop: 'allow',
  bash: 'deny',
  external_directory: 'deny',
}

/** A reviewer's. */
export const readRules: Rules = { '*': 'deny', ...reading, doom_loop: 'allow', external_directory: 'deny' }

/** In sentences for the agent. */
export function permittedByRules({
  permissions,
  allow,
}: Pick<WorkRequest, 'permissions' | 'allow'>): readonly string[] {
  if (permissions === 'full') return ['Everything but what the configuration of the CLI itself forbids.']
  return [
    'Files in the current directory may be read and changed, with the tools for that.',
    allow.length === 0
      ? 'No command may run, no other tool may be used, and nothing outside of the current directory.'
      : `Besides, and nothing else, these commands in plain words, without redirections: ${allow.map((entry) => `\`${entry}\``).join(', ')}.`,
  ]
}

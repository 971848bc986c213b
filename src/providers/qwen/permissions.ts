import { failure, type Failure } from '../../domain/agent/failure.js'
import { allowedCommand, allowedCommands, refuseAllow } from '../adapter/allowed-command.js'
import type { Enforcer, RefusedCall, WorkRequest } from '../adapter/contract.js'
import { shortLine } from '../adapter/line.js'

/** Tools whose work would outlive the turn, or happen elsewhere than in the workspace. */
export const neverOffered: readonly string[] = ['enter_worktree', 'exit_worktree', 'monitor', 'loop_wakeup']

/**
 * Tools of `edit`, for the approval mode `default`, in which nothing runs unasked but what is named here and what only
 * reads. Its rules look at each command of a line, but not at all that a shell expands: inside quotes, a command in
 * backticks got through. So what enforces them is the sandbox below. Source: tried with 0.24.4.
 */
export function editTools(allow: readonly string[]) {
  return {
    executionSandbox: { backend: 'auto', filesystem: 'workspace-write', network: 'closed' },
    allowed: [
      ...['edit(./**)', 'write_file(./**)', 'notebook_edit(./**)'],
      ...allowedCommands(allow).map(({ command }) => `run_shell_command(${command})`),
    ],
    exclude: [
      ...neverOffered,
      ...['*>*', '*<(*', '*`*', '*$(*', '*${*'].map((pattern) => `run_shell_command(${pattern})`),
      // Settings for the next turn, and where its key would be sent.
      ...['.[qQ][wW][eE][nN]/**', '.[eE][nN][vV]'].map((path) => `edit(./${path})`),
    ],
  }
}

/** The calls by which its sandbox is made. */
export const bubblewrap: Enforcer = {
  file: '/usr/bin/bwrap',
  args: [
    ...['--ro-bind', '/', '/', '--unshare-pid', '--proc', '/proc', '--dev', '/dev', '--die-with-parent'],
    ...['--unshare-net', '--', '/bin/sh', '-c', 'exit 0'],
  ],
  help: 'Its sandbox is Bubblewrap, on Linux, where user namespaces are permitted: install the package `bubblewrap`, or give qwen full permissions (permissions: {qwen: full}).',
}

/** Its rules permit a command with whatever follows it. */
export function refuseExact(allow: readonly string[]): Failure | undefined {
  const foreign = refuseAllow('qwen', allow)
  const exact = allow.find((entry) => allowedCommand(entry)?.isPrefix === false)
  if (foreign || exact === undefined) return foreign
  const wider = exact.trim().replace(/\)$/, ':*)')
  return failure(
    'usage',
    `qwen cannot be limited to exactly \`${shortLine(exact, 100)}\` of \`allow:\`: it would run the command with any further words, too. Write \`${shortLine(wider, 100)}\` if that is fine, or use another provider.`,
  )
}

/** The command with whatever follows it: qwen knows no narrower one. */
export function allowEntry({ tool, about }: RefusedCall): string | undefined {
  const entry = `Bash(${about?.trim() ?? ''}:*)`
  return tool === 'run_shell_command' && allowedCommand(entry) ? entry : undefined
}

export function permitted({ permissions, allow }: Pick<WorkRequest, 'permissions' | 'allow'>): readonly string[] {
  if (permissions === 'full') return ['Everything but what the settings of the CLI itself forbid.']
  return [
    'Files in the current directory may be read and changed, with the tools for that, except those in .qwen.',
    allow.length === 0
      ? 'No command may run, and no other tool be used.'
      : `Besides, and nothing else, these commands, without redirections and substitutions: ${allow.map((entry) => `\`${entry}\``).join(', ')}.`,
    'Commands run in a sandbox: they write in the current directory only, and have no network.',
  ]
}

import { failure } from '../domain/agent/failure.js'
import type { Provider } from './adapter/contract.js'
import { byExit } from './adapter/by-exit.js'

/**
 * A task that is a shell command (`run:` in the roadmap), written by the user. No agent CLI, no model, no login: it
 * needs `/bin/sh` alone. Its last line of output is its final text.
 */
export const command: Provider = {
  name: 'command',
  // Without a command, one that fails: an empty script would be a success that nobody asked for.
  command: ({ run }) => ({ file: '/bin/sh', args: ['-c', run ?? 'exit 2'], input: '', env: {} }),
  refusal({ run }) {
    if (run === undefined || run.trim() === '') return failure('usage', 'The task has no `run:` command.')
    if (run.includes('\0'))
      return failure('usage', 'The `run:` command contains a NUL character, which no shell accepts.')
    return undefined
  },
  ...byExit,
  permitted: () => [],
  tellsCost: true,
  permissionNames: { edit: 'unrestricted', full: 'unrestricted' },
}

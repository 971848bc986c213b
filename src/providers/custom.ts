import type { CustomProvider } from '../domain/agent/custom-provider.js'
import { failure } from '../domain/agent/failure.js'
import { isTooLong } from '../domain/roadmap/command-length.js'
import type { Provider } from './adapter/contract.js'
import { byExit } from './adapter/by-exit.js'

/**
 * An agent CLI that the configuration describes: a command of the user's, judged by its exit status, the change that it
 * leaves and the gates. Nothing is known about its conversations, its usage or its refusals.
 */
export function customProvider(name: string, { run, prompt }: CustomProvider): Provider {
  return {
    name,
    command: (request) => ({
      file: '/bin/sh',
      args: prompt === 'stdin' ? ['-c', run] : ['-c', `${run} "$1"`, name, request.prompt],
      input: prompt === 'stdin' ? request.prompt : '',
      env: {},
    }),
    refusal({ permissions, prompt: text }) {
      if (permissions === 'edit')
        return failure('usage', `Nothing restricts ${name} but its own command, so it cannot be limited to edit.`)
      if (prompt === 'stdin' || !isTooLong(text)) return undefined
      return failure('usage', `The prompt is longer than an argument may be (128 KB): give ${name} prompt: stdin.`)
    },
    ...byExit,
    permitted: () => ['What the command itself permits.'],
    tellsCost: false,
    permissionNames: { edit: 'none', full: 'full' },
  }
}

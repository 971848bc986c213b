import type { CustomProvider } from '../domain/agent/custom-provider.js'
import { failure, type Failure } from '../domain/agent/failure.js'
import { isTooLong } from '../domain/roadmap/command-length.js'
import { commonAgent } from './acp/common-agent.js'
import { acpServing } from './acp/serving.js'
import { byExit } from './adapter/by-exit.js'
import type { Assignment, Provider, ServerCommand } from './adapter/contract.js'

/** An agent CLI that the configuration describes. */
export function customProvider(name: string, described: CustomProvider): Provider {
  return described.type === 'server' ? customServer(name, described.acp) : customProcess(name, described)
}

/**
 * A command of the user's, judged by its exit status, the change that it leaves and the gates. Nothing is known about
 * its conversations, its usage or its refusals.
 */
function customProcess(name: string, { run, prompt }: Extract<CustomProvider, { type: 'process' }>): Provider {
  return {
    name,
    command: (request) => ({
      file: '/bin/sh',
      args: prompt === 'stdin' ? ['-c', run] : ['-c', `${run} "$1"`, name, request.prompt],
      input: prompt === 'stdin' ? request.prompt : '',
      env: {},
    }),
    refusal({ permissions, prompt: text }) {
      if (permissions === 'edit') return unrestricted(name)
      if (prompt === 'stdin' || !isTooLong(text)) return undefined
      return failure('usage', `The prompt is longer than an argument may be (128 KB): give ${name} prompt: stdin.`)
    },
    ...byExit,
    ...ofCommand,
  }
}

const ofCommand = {
  permitted: () => ['What the command itself permits.'],
  tellsCost: false,
  permissionNames: { edit: 'none', full: 'full' },
} satisfies Partial<Provider>

function unrestricted(name: string): Failure {
  return failure('usage', `Nothing restricts ${name} but its own command, so it cannot be limited to edit.`)
}

/** An agent server of the user's: it tells by the protocol what happens, and what it asks for it gets. */
function customServer(name: string, acp: string): Provider {
  const serverCommand = ({ type }: Assignment): ServerCommand | undefined =>
    type === 'review' ? undefined : { file: '/bin/sh', args: ['-c', acp], env: {} }
  const alone = (): never => {
    throw new Error(`${name} is a server, and was asked for a process for one turn`)
  }
  return {
    name,
    command: alone,
    resume: { command: alone },
    serve: { ...acpServing(commonAgent(name), serverCommand), isOnlyWay: true },
    refusal: ({ permissions }) => (permissions === 'edit' ? unrestricted(name) : undefined),
    readLine: () => [],
    finalEvent: 'stream',
    passedVariables: [],
    ...ofCommand,
  }
}

import { createHash } from 'node:crypto'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type { AgentCommand, AgentRequest, Assignment, Provider, WorkRequest } from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { copilotLogin, explainCopilotCrash } from './failure.js'
import { permissionFlags } from './flags.js'
import { readCopilotLine } from './read-line.js'
import { copilotServing } from './server.js'

/** GitHub Copilot CLI. Source of flags, texts and fields: 1.0.102 against a stub server; recorded streams are in the tests. */
export const copilot: Provider = {
  name: 'copilot',
  command: (request) => start({ type: 'work', request }, [`--session-id=${conversationOf(request)}`]),
  conversationOf,
  resume: {
    command: (request, conversation) => start({ type: 'work', request }, [`--resume=${conversation}`]),
  },
  review: {
    command: (request) => start({ type: 'review', request }),
    answer: ({ finalText }) => answerAtEnd(finalText, 'verdict'),
  },
  serve: copilotServing,
  refusal,
  readLine: readCopilotLine,
  permitted,
  tellsCost: false,
  finalEvent: 'stream',
  explainCrash: explainCopilotCrash,
  program: {
    file: 'copilot',
    versionArgs: ['--version'],
    parseVersion: (stdout) => parseVersion(stdout.replace(/\.$/gm, '')),
    // The launcher takes 0.1 s and 50 MB, and dies without it.
    native: ({ platform, arch }) =>
      ['..', 'node_modules/@github'].map((place) => `${place}/copilot-${platform}-${arch}/copilot`),
    testedVersion: '1.0.102',
    loginCommand: copilotLogin.command,
    login: { keys: ['COPILOT_GITHUB_TOKEN', 'COPILOT_PROVIDER_BASE_URL'] },
    memoryMb: 610,
    installCommand: 'npm install -g @github/copilot',
  },
  permissionNames: { edit: 'tools for files only', full: '--allow-all' },
  // GITHUB_TOKEN and GH_TOKEN may do more than use copilot: who wants to pass them names them under `env:`.
  passedVariables: [
    {
      names: [
        ...['COPILOT_GITHUB_TOKEN', 'COPILOT_HOME', 'COPILOT_MODEL', 'COPILOT_OFFLINE', 'COPILOT_PROVIDER_*'],
        ...['COPILOT_GH_HOST', 'GH_HOST', 'COPILOT_CUSTOM_INSTRUCTIONS_DIRS'],
      ],
    },
  ],
}

/** A UUID, made from a path that no other turn has. */
function conversationOf({ ownDir }: WorkRequest): string {
  const digits = createHash('sha256').update(ownDir).digest('hex')
  const [a, b, c, d, e] = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(13, 16),
    digits.slice(17, 20),
    digits.slice(20, 32),
  ]
  return `${a}-${b}-4${c}-8${d}-${e}`
}

/** It prints a full stop behind the number. */
const parseVersion = versionOf('github copilot cli')

function start(assignment: Assignment, conversation: readonly string[] = []): AgentCommand {
  const { cwd, prompt, model } = assignment.request
  return {
    file: 'copilot',
    args: [
      ...['--output-format', 'json', '--no-color', '--no-ask-user', '-C', cwd],
      ...conversation,
      ...(model === undefined ? [] : ['--model', model]),
      ...permissionFlags(assignment),
    ],
    input: prompt,
    env: { COPILOT_AUTO_UPDATE: 'false' },
  }
}

function refusal(
  request: AgentRequest & Partial<Pick<WorkRequest, 'permissions' | 'allow'>>,
  env: Readonly<Record<string, string>>,
): Failure | undefined {
  const { permissions, allow = [] } = request
  if (permissions !== 'full' && !/^(?:|0|false|no|off|n)$/i.test((env.COPILOT_ALLOW_ALL ?? '').trim())) {
    return failure(
      'usage',
      'COPILOT_ALLOW_ALL would lift the permissions of copilot: unset it, or use full permissions.',
    )
  }
  if (permissions === 'edit' && allow.length > 0) {
    return failure(
      'usage',
      'copilot cannot be limited to the commands of `allow:`, so it has no shell with edit permissions: use another provider, leave allow: empty, or give it full permissions (permissions: {copilot: full}).',
    )
  }
  return refuseModelName(request)
}

function permitted({ permissions }: Pick<WorkRequest, 'permissions' | 'allow'>): readonly string[] {
  return permissions === 'full'
    ? ['Everything but what the configuration of the CLI itself forbids.']
    : ['Files in the current directory may be read and changed, with the tools for that.', 'No command may run.']
}

import { failure, type Failure } from '../../domain/agent/failure.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type { Permissions } from '../../domain/agent/permissions.js'
import { entryFor, refuseAllow } from '../adapter/allowed-command.js'
import type {
  AgentCommand,
  AgentRequest,
  Assignment,
  PassedVariables,
  Provider,
  WorkRequest,
} from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { explainOpencodeCrash, opencodeLogin } from './failure.js'
import { permittedByRules } from './permission-rules.js'
import { readOpencodeLine } from './read-line.js'
import { opencodeServing } from './server.js'
import { setupOf } from './setup.js'

/** opencode. Source of flags, texts and fields: 1.18.33 against a stub server; recorded streams are in the tests. */
export const opencode: Provider = {
  name: 'opencode',
  command: (request) => start({ type: 'work', request }),
  resume: {
    command: (request, conversation) => start({ type: 'work', request }, ['--session', conversation]),
  },
  review: {
    command: (request) => start({ type: 'review', request }),
    answer: ({ finalText }) => answerAtEnd(finalText, 'verdict'),
  },
  serve: opencodeServing,
  refusal,
  readLine: readOpencodeLine,
  allowEntry: ({ tool, about }) => (tool === 'bash' ? entryFor(about) : undefined),
  permitted: permittedByRules,
  tellsCost: true,
  finalEvent: 'stream',
  explainCrash: explainOpencodeCrash,
  program: {
    file: 'opencode',
    versionArgs: ['--version'],
    parseVersion: versionOf('opencode'),
    testedVersion: '1.18.33',
    loginCommand: opencodeLogin.command,
    login: { keys: ['OPENCODE_API_KEY', 'OPENCODE_AUTH_CONTENT'] },
    memoryMb: 1170,
    installCommand: 'npm install -g opencode-ai',
  },
  permissionNames: permissionNames(),
  passedVariables: passedVariables(),
}

function permissionNames(): Readonly<Record<Permissions, string>> {
  return { edit: 'permission rules', full: '--auto' }
}

function start(assignment: Assignment, conversation: readonly string[] = []): AgentCommand {
  const { cwd, ownDir, prompt, model } = assignment.request
  const { agent, env, files } = setupOf(assignment, ownDir)
  return {
    file: 'opencode',
    args: [
      // A title saves a call of the model that would invent one.
      ...['run', '--format', 'json', '--title', 'autopilot', '--dir', cwd],
      ...conversation,
      ...(model === undefined ? [] : ['--model', model]),
      ...(agent === undefined ? ['--auto'] : ['--agent', agent]),
    ],
    input: prompt,
    ...{ env, files },
  }
}

/** The user's variables win over autopilot's, so what enforces the permissions must not be one of them. */
function refusal(
  request: AgentRequest & Partial<Pick<WorkRequest, 'permissions' | 'allow'>>,
  env: Readonly<Record<string, string>>,
): Failure | undefined {
  const { permissions, allow = [] } = request
  if (permissions !== 'full' && (env.OPENCODE_CONFIG_CONTENT ?? '') !== '') {
    return failure(
      'usage',
      'OPENCODE_CONFIG_CONTENT is set, but opencode gets its permissions through it: write your configuration into a file, name that with OPENCODE_CONFIG, and unset this variable. Or use full permissions, which leaves yours alone.',
    )
  }
  return (permissions === 'edit' ? refuseAllow('opencode', allow) : undefined) ?? refuseModelName(request)
}

/** Its own, and the keys of common model providers; others go under `env:`. */
function passedVariables(): readonly PassedVariables[] {
  return [
    {
      names: [
        ...[
          'OPENCODE_CONFIG',
          'OPENCODE_CONFIG_CONTENT',
          'OPENCODE_CONFIG_DIR',
          'OPENCODE_API_KEY',
          'OPENCODE_AUTH_CONTENT',
        ],
        ...[
          'OPENCODE_MODELS_URL',
          'OPENCODE_MODELS_PATH',
          'OPENCODE_DISABLE_MODELS_FETCH',
          'OPENCODE_DISABLE_AUTOCOMPACT',
        ],
        ...['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
        ...['OPENROUTER_API_KEY', 'XAI_API_KEY', 'GROQ_API_KEY', 'DEEPSEEK_API_KEY', 'MISTRAL_API_KEY'],
      ],
    },
  ]
}

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type { Permissions } from '../../domain/agent/permissions.js'
import { allowedCommands, entryFor, refuseAllow, type AllowedCommand } from '../adapter/allowed-command.js'
import type {
  AgentCommand,
  AgentRequest,
  PassedVariables,
  Provider,
  ReviewRequest,
  WorkRequest,
} from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { explainOpencodeCrash, opencodeLogin } from './failure.js'
import { guardPlugin } from './guard.js'
import { editRules, permittedByRules, readRules } from './permission-rules.js'
import { readOpencodeLine } from './read-line.js'

/** opencode. Source of flags, texts and fields: 1.18.33 against a stub server; recorded streams are in the tests. */
export const opencode: Provider = {
  name: 'opencode',
  command: (request) => run(request, workSetup(request)),
  resume: {
    command: (request, conversation) => run(request, workSetup(request), ['--session', conversation]),
  },
  review: {
    command: (request) => review(request),
    answer: ({ finalText }) => answerAtEnd(finalText, 'verdict'),
  },
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
    installCommand: 'npm install -g opencode-ai',
  },
  permissionNames: permissionNames(),
  passedVariables: passedVariables(),
}

function permissionNames(): Readonly<Record<Permissions, string>> {
  return { edit: 'permission rules', full: '--auto' }
}

/** What opencode is told besides its flags. */
interface Setup {
  readonly flags: readonly string[]
  /** For the agent of its own that it gets; without them, its default agent. */
  readonly rules?: object
  /** Granted by the plugin. */
  readonly commands?: readonly AllowedCommand[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * An agent of its own: rules of an agent count after all others, such as those of an `opencode.json` in the workspace.
 */
const agentName = 'autopilot'

function workSetup({ permissions, allow }: WorkRequest): Setup {
  return permissions === 'full'
    ? { flags: ['--auto'] }
    : { flags: ['--agent', agentName], rules: editRules, commands: allowedCommands(allow) }
}

/** Neither settings nor instructions of the tree that is judged. */
function review(request: ReviewRequest): AgentCommand {
  const env = { OPENCODE_DISABLE_PROJECT_CONFIG: '1' }
  return run(request, { flags: ['--agent', agentName], rules: readRules, env })
}

function run(
  { cwd, ownDir, prompt, model }: AgentRequest,
  { flags, rules, commands, env }: Setup,
  conversation: readonly string[] = [],
): AgentCommand {
  const plugin = { path: join(ownDir, 'autopilot-plugin.js'), content: guardPlugin(agentName, commands) }
  return {
    file: 'opencode',
    args: [
      // A title saves a call of the model that would invent one.
      ...['run', '--format', 'json', '--title', 'autopilot', '--dir', cwd],
      ...conversation,
      ...(model === undefined ? [] : ['--model', model]),
      ...flags,
    ],
    input: prompt,
    env: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify(configOf(pathToFileURL(plugin.path).href, rules)),
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      ...env,
    },
    files: [plugin],
  }
}

/** The general rules are for the default agent, which opencode would fall back to if it did not find its own. */
function configOf(plugin: string, rules: object | undefined): object {
  const restricted =
    rules === undefined ? {} : { permission: rules, agent: { [agentName]: { mode: 'primary', permission: rules } } }
  // Its snapshots are for undoing, which nobody does here.
  return { autoupdate: false, share: 'disabled', snapshot: false, plugin: [plugin], ...restricted }
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

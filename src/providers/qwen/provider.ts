import { join } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type {
  AgentCommand,
  AgentRequest,
  OwnFile,
  PassedVariables,
  Provider,
  WorkRequest,
} from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { explainQwenCrash, qwenLogin } from './failure.js'
import { allowEntry, bubblewrap, editTools, neverOffered, permitted, refuseExact } from './permissions.js'
import { readQwenLine } from './read-line.js'

/** Settings in the file that it names win over all others. */
const settingsVariable = 'QWEN_CODE_SYSTEM_SETTINGS_PATH'

/** Qwen Code. Source of flags, texts and fields: 0.24.4 against a stub server; recorded streams are in the tests. */
export const qwen: Provider = {
  name: 'qwen',
  command: (request) => work(request),
  resume: { command: (request, conversation) => work(request, ['--resume', conversation]) },
  review: { command: (request) => review(request), answer: ({ finalText }) => answerAtEnd(finalText, 'verdict') },
  refusal,
  readLine: readQwenLine,
  allowEntry,
  permitted,
  tellsCost: false,
  finalEvent: 'stream',
  explainCrash: explainQwenCrash,
  program: {
    file: 'qwen',
    versionArgs: ['--version'],
    parseVersion: versionOf('qwen(?:[ -]code)?'),
    testedVersion: '0.24.4',
    loginCommand: qwenLogin.command,
    installCommand: 'npm install -g @qwen-code/qwen-code',
  },
  enforcer: (permissions) => (permissions === 'edit' ? bubblewrap : undefined),
  permissionNames: { edit: 'default in its sandbox', full: 'yolo' },
  passedVariables: passedVariables(),
}

function work(request: WorkRequest, conversation: readonly string[] = []): AgentCommand {
  const { permissions, allow } = request
  return permissions === 'full'
    ? start(request, ['--approval-mode', 'yolo', ...excluding(neverOffered)], conversation)
    : start(request, ['--approval-mode', 'default'], conversation, { tools: editTools(allow), advanced: ofProject })
}

function excluding(tools: readonly string[]): readonly string[] {
  return ['--exclude-tools', tools.join(',')]
}

/** A `.env` in the workspace must not send the key elsewhere. */
const ofProject = {
  excludedEnvVars: [
    ...['DEBUG', 'DEBUG_MODE', 'OPENAI_BASE_URL', 'OPENAI_MODEL', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_MODEL'],
    ...['GEMINI_BASE_URL', 'GOOGLE_GEMINI_BASE_URL', 'GOOGLE_VERTEX_BASE_URL', 'DASHSCOPE_BASE_URL'],
    ...['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'https_proxy', 'http_proxy', 'all_proxy'],
  ],
}

/**
 * In the mode `plan` nothing writes. Neither settings nor instructions of the tree that is judged: it is not trusted,
 * and nothing is customized.
 */
function review(request: AgentRequest): AgentCommand {
  const flags = ['--approval-mode', 'plan', '--safe-mode', '--chat-recording=false', ...excluding(neverOffered)]
  return start(request, flags, [], { security: { folderTrust: { enabled: true } } })
}

function start(
  { ownDir, prompt, model }: AgentRequest,
  flags: readonly string[],
  conversation: readonly string[] = [],
  settings?: object,
): AgentCommand {
  const below = settingsFile(ownDir, 'defaults.json', defaults)
  const above = settings === undefined ? [] : [settingsFile(ownDir, 'settings.json', settings)]
  return {
    file: 'qwen',
    args: [
      ...['--output-format', 'stream-json', ...conversation],
      ...(model === undefined ? [] : ['--model', model]),
      ...flags,
    ],
    input: prompt,
    env: {
      QWEN_CODE_SYSTEM_DEFAULTS_PATH: below.path,
      ...Object.fromEntries(above.map(({ path }) => [settingsVariable, path])),
      // One process less.
      QWEN_CODE_NO_RELAUNCH: 'true',
      QWEN_CODE_SUPPRESS_YOLO_WARNING: '1',
    },
    files: [below, ...above],
  }
}

function settingsFile(ownDir: string, name: string, settings: object): OwnFile {
  return { path: join(ownDir, name), content: JSON.stringify(settings) }
}

/**
 * Every other settings file wins over these. Of its own accord it asks a busy server seven times, which takes a minute
 * and a half, and begins again ten times, after 1, 2, 4, 5 minutes and so on; and after its answer it asks the model what
 * to remember, and what the user will want next. Source: its code, 0.24.4.
 */
const defaults = {
  model: { generationConfig: { maxRetries: 0 } },
  general: { enableAutoUpdate: false },
  privacy: { usageStatisticsEnabled: false },
  memory: { enableManagedAutoMemory: false, enableManagedAutoDream: false, enableAutoSkill: false },
  ui: { enableFollowupSuggestions: false },
}

/** The user's variables win over autopilot's, so what enforces the permissions must not be one of them. */
function refusal(
  request: AgentRequest & Partial<Pick<WorkRequest, 'permissions' | 'allow'>>,
  env: Readonly<Record<string, string>>,
): Failure | undefined {
  const { permissions, allow = [] } = request
  if (permissions !== 'full' && (env[settingsVariable] ?? '') !== '') {
    return failure(
      'usage',
      `${settingsVariable} is set, but qwen gets its permissions through it: put these settings into ~/.qwen/settings.json, and unset this variable. Or use full permissions, which leaves yours alone.`,
    )
  }
  return (permissions === 'edit' ? refuseExact(allow) : undefined) ?? refuseModelName(request)
}

/** Its own, and the keys of common model providers; others go under `env:`. */
function passedVariables(): readonly PassedVariables[] {
  return [
    {
      names: [
        ...['QWEN_HOME', 'QWEN_RUNTIME_DIR', 'QWEN_CODE_MAX_OUTPUT_TOKENS', settingsVariable],
        ...['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL', 'DASHSCOPE_API_KEY'],
        ...['BAILIAN_CODING_PLAN_API_KEY', 'BAILIAN_TOKEN_PLAN_API_KEY', 'OPENROUTER_API_KEY', 'MODELSCOPE_API_KEY'],
        ...['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_MODEL', 'GEMINI_API_KEY', 'GEMINI_MODEL'],
      ],
    },
  ]
}

import { failure, type Failure } from '../../domain/agent/failure.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type { AgentCommand, AgentRequest, PassedVariables, Provider, WorkRequest } from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { explainQwenCrash, qwenLogin } from './failure.js'
import { allowEntry, bubblewrap, editTools, permitted, refuseExact } from './permissions.js'
import { readQwenLine } from './read-line.js'
import { qwenServing } from './server.js'
import { reviewing, settingsVariable, setup, unrestricted } from './setup.js'

/** Qwen Code. Source of flags, texts and fields: 0.24.4 against a stub server; recorded streams are in the tests. */
export const qwen: Provider = {
  name: 'qwen',
  command: (request) => work(request),
  resume: { command: (request, conversation) => work(request, ['--resume', conversation]) },
  review: { command: (request) => review(request), answer: ({ finalText }) => answerAtEnd(finalText, 'verdict') },
  serve: qwenServing,
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
    login: { keys: ['OPENAI_API_KEY'] },
    memoryMb: 700,
    installCommand: 'npm install -g @qwen-code/qwen-code',
  },
  enforcer: (permissions) => (permissions === 'edit' ? bubblewrap : undefined),
  permissionNames: { edit: 'default in its sandbox', full: 'yolo' },
  passedVariables: passedVariables(),
}

function work(request: WorkRequest, conversation: readonly string[] = []): AgentCommand {
  const { permissions, allow } = request
  return permissions === 'full'
    ? start(request, unrestricted, conversation)
    : start(request, ['--approval-mode', 'default'], conversation, { tools: editTools(allow), advanced: ofProject })
}

/** A `.env` in the workspace must not send the key elsewhere. */
const ofProject = {
  excludedEnvVars: [
    ...['DEBUG', 'DEBUG_MODE', 'OPENAI_BASE_URL', 'OPENAI_MODEL', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_MODEL'],
    ...['GEMINI_BASE_URL', 'GOOGLE_GEMINI_BASE_URL', 'GOOGLE_VERTEX_BASE_URL', 'DASHSCOPE_BASE_URL'],
    ...['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'https_proxy', 'http_proxy', 'all_proxy'],
  ],
}

function review(request: AgentRequest): AgentCommand {
  return start(request, reviewing.flags, [], reviewing.settings)
}

function start(
  { ownDir, prompt, model }: AgentRequest,
  flags: readonly string[],
  conversation: readonly string[] = [],
  settings?: object,
): AgentCommand {
  return {
    file: 'qwen',
    args: [
      ...['--output-format', 'stream-json', ...conversation],
      ...(model === undefined ? [] : ['--model', model]),
      ...flags,
    ],
    input: prompt,
    ...setup(ownDir, settings),
  }
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

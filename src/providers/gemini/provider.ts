import { join } from 'node:path'
import { allowedCommand, refuseAllow } from '../adapter/allowed-command.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type {
  AgentCommand,
  AgentLimits,
  AgentRequest,
  OwnFile,
  PassedVariables,
  Provider,
  RefusedCall,
  ReviewRequest,
  WorkRequest,
} from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { explainGeminiCrash, geminiLogin } from './failure.js'
import { editPolicy, reviewPolicy } from './policy.js'
import { readGeminiLine } from './read-line.js'

/** Gemini CLI. Source of flags, texts and fields: 0.61.0 against a stub server; recorded streams are in the tests. */
export const gemini: Provider = {
  name: 'gemini',
  command: (request) => work(request),
  resume: { command: (request, conversation) => work(request, ['--resume', conversation]) },
  review: { command: (request) => review(request), answer: ({ finalText }) => answerAtEnd(finalText, 'verdict') },
  refusal: (request) =>
    refuseModelName(request) ??
    (request.permissions === 'edit' ? refuseAllow('gemini', request.allow ?? []) : undefined),
  readLine: readGeminiLine,
  textComesIn: 'pieces',
  countsUsageOf: 'process',
  allowEntry,
  permitted,
  tellsCost: false,
  finalEvent: 'stream',
  explainCrash: explainGeminiCrash,
  program: {
    file: 'gemini',
    versionArgs: ['--version'],
    parseVersion: versionOf('gemini(?:[ -]cli)?'),
    testedVersion: '0.61.0',
    loginCommand: geminiLogin.command,
    installCommand: 'npm install -g @google/gemini-cli',
  },
  permissionNames: { edit: 'default with a policy', full: 'yolo' },
  passedVariables: passedVariables(),
}

function work(request: WorkRequest, conversation: readonly string[] = []): AgentCommand {
  if (request.permissions === 'full') return start(request, ['--approval-mode', 'yolo'], [], conversation)
  const policy = policyFile(request, editPolicy(request.allow))
  return start(request, restrictedBy(policy), [policy], conversation)
}

function restrictedBy({ path }: OwnFile): readonly string[] {
  return ['--approval-mode', 'default', '--policy', path]
}

function policyFile({ ownDir }: AgentRequest, content: string): OwnFile {
  return { path: join(ownDir, 'policy.toml'), content }
}

function start(
  { ownDir, prompt, model, limits }: AgentRequest,
  flags: readonly string[],
  files: readonly OwnFile[],
  conversation: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): AgentCommand {
  const defaults = { path: join(ownDir, 'defaults.json'), content: JSON.stringify(settings(limits)) }
  return {
    file: 'gemini',
    args: [
      // A workspace is not the user's to be trusted; in one that is not, the CLI does not start.
      ...['--output-format', 'stream-json', '--skip-trust'],
      ...conversation,
      ...(model === undefined ? [] : ['--model', model]),
      ...flags,
    ],
    input: prompt,
    env: {
      // One process less, which ignores signals, and 140 MB.
      GEMINI_CLI_NO_RELAUNCH: 'true',
      // Every other settings file wins over this one.
      GEMINI_CLI_SYSTEM_DEFAULTS_PATH: defaults.path,
      ...env,
    },
    files: [defaults, ...files],
  }
}

/**
 * Of its own accord it tries 10 times, for three minutes and a half; three attempts take about 15 s. A command may be
 * silent for as long as the agent may, less a bit: the CLI itself would end it after five minutes. A `.env` of the
 * workspace could send the key elsewhere. Source: schema of the settings of 0.61.0.
 */
function settings(limits: AgentLimits | undefined) {
  const silentMs = limits === undefined ? undefined : limits.idleTimeoutMs || limits.timeoutMs
  const shell = silentMs === undefined ? {} : { inactivityTimeout: Math.ceil((silentMs * 0.8) / 1000) }
  return {
    general: { maxAttempts: 3, enableAutoUpdate: false, enableAutoUpdateNotification: false },
    privacy: { usageStatisticsEnabled: false },
    advanced: { ignoreLocalEnv: true },
    tools: { shell },
  }
}

/**
 * Settings that win over those of the tree that is judged: it gives no instructions, hooks, tools or servers. What a
 * tree has in `.gemini` is the user's: a change to it is left out of the work.
 */
const ofReviewer = {
  advanced: { ignoreLocalEnv: true },
  context: { fileName: 'no-instructions-of-the-tree' },
  hooksConfig: { enabled: false },
  skills: { enabled: false },
  mcp: { allowed: [] },
}

function review(request: ReviewRequest): AgentCommand {
  const policy = policyFile(request, reviewPolicy())
  const own = { path: join(request.ownDir, 'settings.json'), content: JSON.stringify(ofReviewer) }
  const flags = [...restrictedBy(policy), '--extensions', 'none']
  return start(request, flags, [policy, own], [], { GEMINI_CLI_SYSTEM_SETTINGS_PATH: own.path })
}

/** The whole command, if it is in words that a policy can name. */
function allowEntry({ tool, about }: RefusedCall): string | undefined {
  const entry = `Bash(${about?.trim() ?? ''})`
  return tool === 'run_shell_command' && allowedCommand(entry) ? entry : undefined
}

function permitted({ permissions, allow }: Pick<WorkRequest, 'permissions' | 'allow'>): readonly string[] {
  if (permissions === 'full') return ['Everything but what the settings of the CLI itself forbid.']
  return [
    'Files in the current directory may be read and changed, except those in .git and .gemini and the files of build tools, such as package.json or Makefile.',
    allow.length === 0
      ? 'No command and no other tool may be used.'
      : `These commands may be run, without redirections, and no others: ${allow.map((entry) => `\`${entry}\``).join(', ')}.`,
  ]
}

/** Not the whole of `GEMINI_*`: some of it belongs to a session that autopilot itself was started from. */
function passedVariables(): readonly PassedVariables[] {
  return [
    {
      names: [
        'GEMINI_API_KEY',
        'GEMINI_API_KEY_AUTH_MECHANISM',
        'GEMINI_CLI_HOME',
        'GEMINI_CLI_CUSTOM_HEADERS',
        'GEMINI_MODEL',
        'GOOGLE_GEMINI_BASE_URL',
        'GOOGLE_GENAI_API_VERSION',
        'GOOGLE_GENAI_USE_GCA',
        'GOOGLE_GENAI_USE_VERTEXAI',
        'GOOGLE_CLOUD_PROJECT',
        'GOOGLE_CLOUD_PROJECT_ID',
        'GOOGLE_CLOUD_LOCATION',
        'CODE_ASSIST_ENDPOINT',
      ],
    },
    {
      when: 'GOOGLE_GENAI_USE_VERTEXAI',
      names: ['GOOGLE_API_KEY', 'GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_VERTEX_BASE_URL', 'CLOUDSDK_CONFIG'],
    },
    { when: 'GOOGLE_GENAI_USE_GCA', names: ['GOOGLE_CLOUD_ACCESS_TOKEN'] },
  ]
}

import type {
  AgentCommand,
  AgentLimits,
  AgentRequest,
  Assignment,
  PassedVariables,
  Provider,
  ServerCommand,
  WorkRequest,
} from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { claudeAllowEntry } from './allow-entry.js'
import { claudeDialogue } from './dialogue.js'
import { claudeLogin, explainClaudeCrash, rootFailure } from './failure.js'
import { claudeLoginCheck } from './login.js'
import { readClaudeLine } from './read-line.js'
import type { Permissions } from '../../domain/agent/permissions.js'

/** Claude Code. Source of flags, texts and fields: 2.1.330 against a stub server; recorded streams are in the tests. */
export const claude: Provider = {
  name: 'claude',
  command: (request) => work(request),
  resume: { command: (request, conversation) => work(request, ['--resume', conversation]) },
  review: {
    command: (request) => print(request, reviewFlags(request.schema), foregroundOnly(request.limits)),
    answer: ({ answer }) => answer,
  },
  serve: { command: server, dialogue: claudeDialogue },
  refusal(request, env) {
    if (request.permissions === 'full' && request.asRoot && env.IS_SANDBOX !== '1') return rootFailure()
    return refuseModelName(request)
  },
  readLine: readClaudeLine,
  allowEntry: claudeAllowEntry,
  permitted,
  tellsCost: true,
  finalEvent: 'stream',
  explainCrash: explainClaudeCrash,
  program: {
    file: 'claude',
    versionArgs: ['--version'],
    parseVersion: versionOf('claude(?:[ -]code)?'),
    testedVersion: '2.1.332',
    loginCommand: claudeLogin.command,
    login: claudeLoginCheck,
    memoryMb: 270,
    installCommand: 'npm install -g @anthropic-ai/claude-code',
  },
  permissionNames: permissionModes(),
  passedVariables: passedVariables(),
}

function permissionModes(): Readonly<Record<Permissions, string>> {
  return { edit: 'acceptEdits', full: 'bypassPermissions' }
}

function work(request: WorkRequest, conversation: readonly string[] = []): AgentCommand {
  const env = request.background ? {} : foregroundOnly(request.limits)
  return print(request, permissionFlags(request), env, conversation)
}

/**
 * A process that takes prompt after prompt. Its context can't be emptied, so it serves one attempt: repair rounds and
 * further turns, where it saves the start and the loading of the conversation. A budget holds for a process, so
 * each turn with one gets its own; so does background work, whose end is the end of the process.
 */
function server(assignment: Assignment): ServerCommand | undefined {
  const { type, request } = assignment
  if (type === 'review' || request.background || request.budgetUsd !== undefined) return undefined
  const { file, args, env } = work(request)
  const { conversation } = assignment
  return {
    ...{ file, args: ['--input-format', 'stream-json', ...args], env, cwd: request.cwd, isOfOneAttempt: true },
    ...(conversation === undefined ? {} : { argsAtStart: ['--resume', conversation] }),
  }
}

function print(
  { model, prompt, budgetUsd }: AgentRequest,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
  conversation: readonly string[] = [],
): AgentCommand {
  return {
    file: 'claude',
    args: [
      // Without --verbose, stream-json is refused.
      ...['-p', '--output-format', 'stream-json', '--verbose'],
      ...conversation,
      ...(model === undefined ? [] : ['--model', model]),
      ...(budgetUsd === undefined ? [] : ['--max-budget-usd', dollars(budgetUsd)]),
      ...flags,
    ],
    input: prompt,
    env: {
      // Of its own accord it retries 10 times, for three minutes, during which the slot is held for nothing. Three
      // retries wait about 4 s in all (0.6, 1.1, 2.3 s as recorded): enough for a hiccup; the rest is a cool-down's.
      CLAUDE_CODE_MAX_RETRIES: '3',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      ...env,
    },
  }
}

/**
 * `claude -p` goes on after its result while background work lives, or cuts it off: here all work happens inside the
 * turn. Then a command may take its time, but must end before the agent is ended for its sake: claude itself would end
 * one after two minutes. Source: observed with 2.1.332.
 */
function foregroundOnly(limits: AgentLimits | undefined): Readonly<Record<string, string>> {
  const off = { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1', CLAUDE_CODE_DISABLE_CRON: '1' }
  if (!limits) return off
  const { timeoutMs, idleTimeoutMs } = limits
  const most = Math.floor(timeoutMs * 0.9)
  const usual = idleTimeoutMs === 0 ? most : Math.min(most, Math.floor(idleTimeoutMs * 0.8))
  return { ...off, BASH_DEFAULT_TIMEOUT_MS: String(usual), BASH_MAX_TIMEOUT_MS: String(most) }
}

/** Tools that those variables do not switch off: what they promise comes after the turn. */
const laterTools = ['Monitor', 'ScheduleWakeup']

/** Without an exponent, and above 0. */
function dollars(usd: number): string {
  return String(Number(Math.max(usd, 0.0001).toFixed(4)))
}

function permitted({ permissions, allow }: Pick<WorkRequest, 'permissions' | 'allow'>): readonly string[] {
  if (permissions === 'full') return ['Everything but what the settings of the CLI itself forbid.']
  return [
    'Files in the current directory may be read and changed; commands that only read, or change files there in simple ways, may run.',
    allow.length === 0
      ? 'No other command or tool may be used, and nothing outside of the current directory.'
      : `Besides, and nothing else: ${allow.map((entry) => `\`${entry}\``).join(', ')}.`,
  ]
}

function permissionFlags({ permissions, allow, background }: WorkRequest): readonly string[] {
  return [
    ...['--permission-mode', permissionModes()[permissions]],
    // Each of these takes every argument up to the next option.
    ...(background ? [] : ['--disallowedTools', ...laterTools]),
    ...(allow.length === 0 ? [] : ['--allowedTools', ...allow]),
  ]
}

/**
 * Without the tools that edit; commands that only read are let through by `default` and all others denied. The settings
 * of the workspace are not loaded: its hooks would run and its CLAUDE.md would be obeyed, even where its permissions
 * are not. Source: observed with 2.1.330, which also denies redirections, and offers no `Write` with these flags.
 */
function reviewFlags(schema: string): readonly string[] {
  return [
    ...['--permission-mode', 'default', '--setting-sources', 'user', '--strict-mcp-config'],
    ...['--no-session-persistence', '--json-schema', schema],
    ...['--disallowedTools', 'Edit', 'Write', 'NotebookEdit', ...laterTools],
  ]
}

/**
 * Not the whole of `CLAUDE_*`: `CLAUDECODE` and some of `CLAUDE_CODE_*` belong to a session that autopilot itself was
 * started from, and change or forbid the start of another. Cloud credentials pass only to who has switched to that cloud.
 */
function passedVariables(): readonly PassedVariables[] {
  return [
    {
      names: [
        'ANTHROPIC_*',
        'CLAUDE_CONFIG_DIR',
        'CLAUDE_CODE_OAUTH_TOKEN',
        'CLAUDE_CODE_API_KEY_HELPER_TTL_MS',
        'CLAUDE_CODE_CLIENT_*',
        'CLAUDE_CODE_USE_BEDROCK',
        'CLAUDE_CODE_USE_VERTEX',
        'CLAUDE_CODE_USE_FOUNDRY',
        'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
        'CLAUDE_CODE_SKIP_VERTEX_AUTH',
        'CLAUDE_CODE_SKIP_FOUNDRY_AUTH',
        'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
        'CLAUDE_CODE_SUBAGENT_MODEL',
        'CLAUDE_CODE_EFFORT_LEVEL',
        'CLAUDE_CODE_SHELL',
        'API_TIMEOUT_MS',
        'MCP_TIMEOUT',
        'MCP_TOOL_TIMEOUT',
        'MAX_THINKING_TOKENS',
        'BASH_DEFAULT_TIMEOUT_MS',
        'BASH_MAX_TIMEOUT_MS',
        'DISABLE_PROMPT_CACHING*',
        'IS_SANDBOX',
      ],
    },
    { when: 'CLAUDE_CODE_USE_BEDROCK', names: ['AWS_*'] },
    {
      when: 'CLAUDE_CODE_USE_VERTEX',
      names: [
        'CLOUD_ML_REGION',
        'VERTEX_REGION_*',
        'GOOGLE_APPLICATION_CREDENTIALS',
        'GOOGLE_CLOUD_PROJECT',
        'GCLOUD_PROJECT',
        'CLOUDSDK_CONFIG',
      ],
    },
    { when: 'CLAUDE_CODE_USE_FOUNDRY', names: ['AZURE_*'] },
  ]
}

import { failure, type Failure } from '../../domain/agent/failure.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type { AgentCommand, AgentRequest, PassedVariables, Provider, WorkRequest } from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { explainPiCrash, piLogin } from './failure.js'
import { readPiLine } from './read-line.js'

/** pi. Source of flags, texts and fields: 0.73.1 against a stub server; recorded streams are in the tests. */
export const pi: Provider = {
  name: 'pi',
  command: (request) => start(request, workFlags(request)),
  resume: {
    command: (request, conversation) => start(request, workFlags(request), ['--session', conversation]),
  },
  review: {
    command: (request) => start(request, reviewFlags),
    answer: ({ finalText }) => answerAtEnd(finalText, 'verdict'),
  },
  refusal,
  readLine: readPiLine,
  permitted: ({ permissions }) => [permissions === 'full' ? 'Everything.' : 'Reading, finding and listing files.'],
  tellsCost: true,
  finalEvent: 'stream',
  explainCrash: explainPiCrash,
  program: {
    file: 'pi',
    versionArgs: ['--version'],
    versionStream: 'stderr',
    parseVersion: versionOf('pi'),
    testedVersion: '0.73.1',
    loginCommand: piLogin.command,
    login: { keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_OAUTH_TOKEN', 'OPENAI_API_KEY', 'GEMINI_API_KEY'] },
    memoryMb: 170,
    installCommand: 'npm install -g @mariozechner/pi-coding-agent',
  },
  permissionNames: { edit: 'none', full: 'full' },
  passedVariables: passedVariables(),
}

/** No tool of these writes. */
const readingTools: readonly string[] = ['--tools', 'read,grep,find,ls']

/** Nothing restricts it under `full`; `edit` is refused, and would get no tool that writes. */
function workFlags({ permissions }: WorkRequest): readonly string[] {
  return permissions === 'full' ? [] : readingTools
}

/**
 * Neither instructions nor extensions of the tree that is judged: with a system prompt of its own, pi doesn't read the
 * one of the tree (`.pi/SYSTEM.md`, `.pi/APPEND_SYSTEM.md`).
 */
const reviewFlags: readonly string[] = [
  ...readingTools,
  ...['--no-session', '--no-context-files', '--no-extensions', '--no-skills', '--no-prompt-templates'],
  ...['--system-prompt', 'You review code. You read files and answer.'],
  ...['--append-system-prompt', 'You change nothing.'],
]

function start(
  { prompt, model }: AgentRequest,
  flags: readonly string[],
  conversation: readonly string[] = [],
): AgentCommand {
  return {
    file: 'pi',
    args: ['-p', '--mode', 'json', ...conversation, ...(model === undefined ? [] : ['--model', model]), ...flags],
    input: prompt,
    env: { PI_OFFLINE: '1', PI_TELEMETRY: '0' },
  }
}

function refusal(request: AgentRequest & Partial<Pick<WorkRequest, 'permissions'>>): Failure | undefined {
  if (request.permissions === 'edit') {
    return failure(
      'usage',
      'pi has no permissions of its own, so it cannot be limited to edit: give it full ones with permissions: {pi: full} in autopilot.yaml, or --permissions edit,pi=full.',
    )
  }
  return refuseModelName(request)
}

/** Its own, and the keys of common model providers; others go under `env:`. */
function passedVariables(): readonly PassedVariables[] {
  return [
    {
      names: [
        ...['PI_CODING_AGENT_DIR', 'PI_CODING_AGENT_SESSION_DIR', 'PI_PACKAGE_DIR', 'PI_OFFLINE', 'PI_TELEMETRY'],
        ...['ANTHROPIC_API_KEY', 'ANTHROPIC_OAUTH_TOKEN', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
        ...['XAI_API_KEY', 'GROQ_API_KEY', 'DEEPSEEK_API_KEY', 'MISTRAL_API_KEY', 'OPENCODE_API_KEY'],
      ],
    },
  ]
}

import { allowedCommand, refuseAllow } from '../adapter/allowed-command.js'
import { answerAtEnd } from '../adapter/answer-at-end.js'
import type {
  AgentCommand,
  Assignment,
  PassedVariables,
  Provider,
  RefusedCall,
  WorkRequest,
} from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { explainGeminiCrash, geminiLogin } from './failure.js'
import { readGeminiLine } from './read-line.js'
import { geminiServing } from './server.js'
import { setupOf } from './setup.js'

/** Gemini CLI. Source of flags, texts and fields: 0.61.0 against a stub server; recorded streams are in the tests. */
export const gemini: Provider = {
  name: 'gemini',
  command: (request) => start({ type: 'work', request }),
  resume: { command: (request, conversation) => start({ type: 'work', request }, ['--resume', conversation]) },
  review: {
    command: (request) => start({ type: 'review', request }),
    answer: ({ finalText }) => answerAtEnd(finalText, 'verdict'),
  },
  serve: geminiServing,
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
    login: { keys: ['GEMINI_API_KEY', 'GOOGLE_GENAI_USE_VERTEXAI', 'GOOGLE_GENAI_USE_GCA'] },
    memoryMb: 390,
    installCommand: 'npm install -g @google/gemini-cli',
  },
  permissionNames: { edit: 'default with a policy', full: 'yolo' },
  passedVariables: passedVariables(),
}

function start(assignment: Assignment, conversation: readonly string[] = []): AgentCommand {
  const { ownDir, prompt, model } = assignment.request
  const { flags, env, files } = setupOf(assignment, ownDir)
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
    ...{ env, files },
  }
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

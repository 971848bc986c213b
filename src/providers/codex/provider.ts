import { join } from 'node:path'
import type { AgentCommand, AgentRequest, Provider, ReviewRequest, WorkRequest } from '../adapter/contract.js'
import { refuseModelName } from '../adapter/model-name.js'
import { versionOf } from '../adapter/version.js'
import { codexLogin, explainCodexCrash, testedVersion } from './failure.js'
import { codexLoginCheck } from './login.js'
import { readCodexLine } from './read-line.js'
import { codexServing } from './serve.js'
import type { Permissions } from '../../domain/agent/permissions.js'

/** OpenAI Codex. Source of flags, texts and fields: 0.169.0 against a stub server; recorded streams are in the tests. */
export const codex: Provider = {
  name: 'codex',
  command: (request) => exec(request, workFlags(request)),
  // After the options: the sub-command itself has neither `-C` nor `-s`.
  resume: { command: (request, conversation) => exec(request, [...workFlags(request), 'resume', conversation]) },
  review: {
    command: (request) => review(request),
    answer: ({ finalText }) => finalText,
  },
  serve: codexServing,
  refusal: (request) => refuseModelName(request),
  readLine: readCodexLine,
  permitted,
  tellsCost: false,
  finalEvent: 'stream',
  explainCrash: explainCodexCrash,
  program: {
    file: 'codex',
    versionArgs: ['--version'],
    parseVersion: versionOf('(?:openai )?codex(?:[ -](?:cli|exec))?'),
    testedVersion,
    loginCommand: codexLogin.command,
    login: codexLoginCheck,
    memoryMb: 290,
    installCommand: 'npm install -g @openai/codex',
  },
  permissionNames: sandboxes(),
  // Names of keys that a configuration of one's own invents (`env_key`) go under `env:`.
  passedVariables: [
    {
      names: [
        'CODEX_HOME',
        'CODEX_API_KEY',
        'CODEX_ACCESS_TOKEN',
        'CODEX_CA_CERTIFICATE',
        'OPENAI_API_KEY',
        'OPENAI_BASE_URL',
        'OPENAI_ORGANIZATION',
        'OPENAI_PROJECT',
        'AZURE_OPENAI_API_KEY',
        'RUST_LOG',
      ],
    },
  ],
}

/** Source: observed with 0.169.0. */
function permitted({ permissions }: Pick<WorkRequest, 'permissions'>): readonly string[] {
  if (permissions === 'full') return ['Everything but what the configuration of the CLI itself forbids.']
  return [
    'Commands run in a sandbox: they may read, and write in the current directory (not in .git) and in the temporary one.',
    'They have no network.',
  ]
}

function sandboxes(): Readonly<Record<Permissions, string>> {
  return { edit: 'workspace-write', full: 'danger-full-access' }
}

/** It needs no approval flag: `exec` never asks. */
function exec({ cwd, prompt }: AgentRequest, flags: readonly string[]): AgentCommand {
  return {
    file: 'codex',
    // A plain directory is fine, and a workspace's repository is not the user's to be trusted. The prompt is on stdin.
    args: ['exec', '--json', '--skip-git-repo-check', '-C', cwd, ...flags, '-'],
    input: prompt,
    env: {},
  }
}

/** In `workspace-write` the agent has no network and cannot commit. */
function workFlags(request: WorkRequest): readonly string[] {
  return ['-s', sandboxes()[request.permissions], ...commonFlags(request)]
}

/** The last two save 5 s at exit if their hosts can't be reached. */
function commonFlags({ model }: AgentRequest): readonly string[] {
  return [...(model === undefined ? [] : ['-m', model]), '-c', 'analytics.enabled=false', '--disable', 'plugins']
}

/**
 * The session is not kept, and the AGENTS.md of the workspace is not read: the work that is judged must not instruct its
 * judge. Source: observed with 0.169.0.
 */
function review(request: ReviewRequest): AgentCommand {
  const schema = { path: join(request.ownDir, 'answer-schema.json'), content: request.schema }
  const flags = [
    ...['-s', 'read-only', ...commonFlags(request)],
    ...['--ephemeral', '--output-schema', schema.path, '-c', 'project_doc_max_bytes=0'],
  ]
  return { ...exec(request, flags), files: [schema] }
}

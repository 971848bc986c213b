import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { AgentCommand, WorkRequest } from '../../../src/providers/adapter/contract.js'
import { providers } from '../../../src/providers/index.js'
import { isSessionId } from '../../../src/providers/adapter/session-id.js'
import { reviewRequest, workRequest } from '../../support/rigs/requests.js'

/** What a test reads of opencode's configuration. */
interface Config {
  readonly agent: Readonly<Record<string, unknown>>
  readonly permission: Readonly<Record<string, unknown>>
  readonly plugin: readonly string[]
}

const base = workRequest({ cwd: '/repo', prompt: 'do it' })
const { claude, codex, gemini, opencode, qwen, copilot, pi, command } = providers
const judging = reviewRequest({ cwd: '/repo', prompt: 'judge it' })

describe('claude', () => {
  it('is started for a JSON stream, with edits allowed', () => {
    expect(claude.command(base)).toEqual({
      file: 'claude',
      args: [
        ...['-p', '--output-format', 'stream-json', '--verbose', '--permission-mode', 'acceptEdits'],
        ...['--disallowedTools', 'Monitor', 'ScheduleWakeup'],
      ],
      input: 'do it',
      env: {
        CLAUDE_CODE_MAX_RETRIES: '3',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
        CLAUDE_CODE_DISABLE_CRON: '1',
      },
    })
  })

  it.each([
    [60 * 60_000, 10 * 60_000, '480000', '3240000'],
    [5 * 60_000, 10 * 60_000, '270000', '270000'],
    [60 * 60_000, 0, '3240000', '3240000'],
  ])('lets a command take most of %d ms, of which it may be silent for %d', (timeoutMs, idleTimeoutMs, usual, most) => {
    const { env } = claude.command({ ...base, limits: { timeoutMs, idleTimeoutMs } })
    expect(env).toMatchObject({ BASH_DEFAULT_TIMEOUT_MS: usual, BASH_MAX_TIMEOUT_MS: most })
  })

  it('keeps its background work if that is wanted, and its own limits of a command', () => {
    const limits = { timeoutMs: 1000, idleTimeoutMs: 1000 }
    const { args, env } = claude.command({ ...base, limits, background: true })
    expect(args.join(' ')).not.toContain('--disallowedTools')
    expect(Object.keys(env).filter((name) => /BASH|BACKGROUND|CRON/.test(name))).toEqual([])
  })

  it('gets the model, full permissions and further tools', () => {
    const built = claude.command({
      ...base,
      ...{ model: 'opus', permissions: 'full', allow: ['Bash(npm test:*)', 'WebFetch'] },
    })
    expect(built.args.slice(4)).toEqual([
      ...[
        '--model',
        'opus',
        '--permission-mode',
        'bypassPermissions',
        '--disallowedTools',
        'Monitor',
        'ScheduleWakeup',
      ],
      ...['--allowedTools', 'Bash(npm test:*)', 'WebFetch'],
    ])
  })

  it('reviews without the tools that edit and without the settings of the workspace', () => {
    const { args } = claude.review!.command(judging)
    expect(args.slice(4)).toEqual([
      ...['--permission-mode', 'default', '--setting-sources', 'user', '--strict-mcp-config'],
      ...['--no-session-persistence', '--json-schema', '{}'],
      ...['--disallowedTools', 'Edit', 'Write', 'NotebookEdit', 'Monitor', 'ScheduleWakeup'],
    ])
  })

  it('is refused full permissions as root, unless the machine is declared a sandbox', () => {
    const request: WorkRequest = { ...base, permissions: 'full', asRoot: true }
    expect(claude.refusal(request, {})?.kind).toBe('usage')
    expect(claude.refusal(request, { IS_SANDBOX: '0' })?.kind).toBe('usage')
    expect(claude.refusal(request, { IS_SANDBOX: '1' })).toBeUndefined()
    expect(claude.refusal({ ...request, permissions: 'edit' }, {})).toBeUndefined()
    expect(claude.refusal({ ...request, asRoot: false }, {})).toBeUndefined()
  })
})

describe('codex', () => {
  it('is started for a JSON stream, in its sandbox, with the prompt on stdin', () => {
    expect(codex.command(base)).toEqual({
      file: 'codex',
      args: [
        ...['exec', '--json', '--skip-git-repo-check', '-C', '/repo', '-s', 'workspace-write'],
        ...['-c', 'analytics.enabled=false', '--disable', 'plugins', '-'],
      ],
      input: 'do it',
      env: {},
    })
  })

  it('reviews in a sandbox that writes nothing, without the AGENTS.md of the workspace', () => {
    const { args } = codex.review!.command(judging)
    expect(args.slice(5)).toEqual([
      ...['-s', 'read-only', '-c', 'analytics.enabled=false', '--disable', 'plugins'],
      ...['--ephemeral', '--output-schema', '/logs/cli/answer-schema.json', '-c', 'project_doc_max_bytes=0', '-'],
    ])
  })

  it('gets the model and full permissions, also as root', () => {
    const request: WorkRequest = { ...base, model: 'gpt-5.6', permissions: 'full', asRoot: true }
    expect(codex.refusal(request, {})).toBeUndefined()
    expect(codex.command(request).args.slice(5, 9)).toEqual(['-s', 'danger-full-access', '-m', 'gpt-5.6'])
  })
})

describe('gemini', () => {
  const filesOf = ({
    files = [],
  }: {
    readonly files?: readonly { readonly path: string; readonly content: string }[]
  }) => Object.fromEntries(files.map(({ path, content }) => [path, content]))

  it('is started for a stream of JSON, in the mode in which its policy holds, with files of its own', () => {
    const built = gemini.command(base)
    expect(built).toMatchObject({
      file: 'gemini',
      args: [
        ...['--output-format', 'stream-json', '--skip-trust'],
        ...['--approval-mode', 'default', '--policy', '/logs/cli/policy.toml'],
      ],
      input: 'do it',
      env: { GEMINI_CLI_NO_RELAUNCH: 'true', GEMINI_CLI_SYSTEM_DEFAULTS_PATH: '/logs/cli/defaults.json' },
    })
    const files = filesOf(built)
    expect(Object.keys(files)).toEqual(['/logs/cli/defaults.json', '/logs/cli/policy.toml'])
    expect(JSON.parse(files['/logs/cli/defaults.json']!)).toMatchObject({ general: { maxAttempts: 3 } })
  })

  it('lets a command be silent for most of the time that the agent may be', () => {
    const silent = (limits: { readonly timeoutMs: number; readonly idleTimeoutMs: number }) =>
      filesOf(gemini.command({ ...base, limits }))['/logs/cli/defaults.json']
    expect(silent({ timeoutMs: 3_600_000, idleTimeoutMs: 600_000 })).toContain('"inactivityTimeout":480')
    expect(silent({ timeoutMs: 3_600_000, idleTimeoutMs: 0 })).toContain('"inactivityTimeout":2880')
  })

  it('gets the model, and with full permissions no policy', () => {
    const { args } = gemini.command({ ...base, model: 'gemini-2.5-pro', permissions: 'full' })
    expect(args.slice(3)).toEqual(['--model', 'gemini-2.5-pro', '--approval-mode', 'yolo'])
  })

  it('reviews under a policy, with settings that win over those of the tree', () => {
    const built = gemini.review!.command(judging)
    expect(built.args.slice(3)).toEqual([
      ...['--approval-mode', 'default', '--policy', '/logs/cli/policy.toml', '--extensions', 'none'],
    ])
    const own = built.env.GEMINI_CLI_SYSTEM_SETTINGS_PATH!
    expect(JSON.parse(filesOf(built)[own]!)).toMatchObject({ hooksConfig: { enabled: false } })
  })

  it('is refused an entry of allow: that its policy cannot express, but only if it is restricted', () => {
    const request = { ...base, allow: ['Bash(npm test:*)', 'WebFetch'] }
    expect(gemini.refusal(request, {})).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('WebFetch') as string,
    })
    expect(gemini.refusal({ ...request, permissions: 'full' }, {})).toBeUndefined()
    expect(gemini.refusal({ ...base, allow: ['Bash(npm test:*)'] }, {})).toBeUndefined()
  })
})

describe('opencode', () => {
  const configOf = ({ env }: AgentCommand) => JSON.parse(env.OPENCODE_CONFIG_CONTENT ?? '{}') as Config

  it('is started for a stream of JSON, as an agent whose rules forbid all that is not named', () => {
    const built = opencode.command({ ...base, model: 'anthropic/opus' })
    expect(built).toMatchObject({ file: 'opencode', input: 'do it' })
    expect(built.args).toEqual([
      ...['run', '--format', 'json', '--title', 'autopilot', '--dir', '/repo', '--model', 'anthropic/opus'],
      ...['--agent', 'autopilot'],
    ])
    const { agent, permission, plugin } = configOf(built)
    expect(agent.autopilot).toEqual({ mode: 'primary', permission })
    expect(permission).toMatchObject({ '*': 'deny', bash: 'deny', external_directory: 'deny' })
    expect(Object.keys(permission)[0]).toBe('*')
    expect(plugin).toEqual([pathToFileURL(built.files?.[0]?.path ?? '').href])
  })

  it('gets full permissions by its own flag, and no rules', () => {
    const built = opencode.command({ ...base, permissions: 'full' })
    expect(built.args.slice(-1)).toEqual(['--auto'])
    expect(configOf(built)).not.toHaveProperty('permission')
    expect(built.files?.[0]?.content).not.toContain('permission')
  })

  it('reviews with rules that only let it read, without settings and instructions of the workspace', () => {
    const built = opencode.review!.command(judging)
    const { permission } = configOf(built)
    const allowed = Object.keys(permission).filter((name) => permission[name] === 'allow')
    expect(allowed).toEqual(['read', 'glob', 'grep', 'list', 'doom_loop'])
    expect(built.env.OPENCODE_DISABLE_PROJECT_CONFIG).toBe('1')
  })

  it('is refused where the variable is taken through which it gets its permissions', () => {
    const env = { OPENCODE_CONFIG_CONTENT: '{"permission":"allow"}' }
    expect(opencode.refusal(base, env)?.kind).toBe('usage')
    expect(opencode.refusal(judging, env)?.kind).toBe('usage')
    expect(opencode.refusal({ ...base, permissions: 'full' }, env)).toBeUndefined()
  })

  it('is refused an entry of allow: that is not a command', () => {
    expect(opencode.refusal({ ...base, allow: ['Bash(npm test:*)'] }, {})).toBeUndefined()
    expect(opencode.refusal({ ...base, allow: ['WebFetch'] }, {})?.message).toContain('`WebFetch`')
    expect(opencode.refusal({ ...base, allow: ['WebFetch'], permissions: 'full' }, {})).toBeUndefined()
  })
})

describe('qwen', () => {
  const settingsOf = ({ env, files = [] }: AgentCommand): unknown => {
    const file = files.find(({ path }) => path === env.QWEN_CODE_SYSTEM_SETTINGS_PATH)
    return file === undefined ? undefined : JSON.parse(file.content)
  }

  it('is started for a stream of JSON, in its sandbox, by settings that win over all others', () => {
    const built = qwen.command({ ...base, model: 'qwen3-coder', allow: ['Bash(npm test:*)'] })
    expect(built).toMatchObject({ file: 'qwen', input: 'do it', env: { QWEN_CODE_NO_RELAUNCH: 'true' } })
    expect(built.args).toEqual([
      ...['--output-format', 'stream-json', '--model', 'qwen3-coder', '--approval-mode', 'default'],
    ])
    expect(settingsOf(built)).toMatchObject({
      tools: {
        executionSandbox: { backend: 'auto', filesystem: 'workspace-write', network: 'closed' },
        allowed: expect.arrayContaining(['edit(./**)', 'run_shell_command(npm test)']) as unknown,
        exclude: expect.arrayContaining([
          'enter_worktree',
          'run_shell_command(*>*)',
          'edit(./.[qQ][wW][eE][nN]/**)',
        ]) as unknown,
      },
    })
    expect(built.files?.map(({ path }) => path)).toEqual(['/logs/cli/defaults.json', '/logs/cli/settings.json'])
  })

  it('asks a busy server for a minute and a half, and its model nothing besides, unless the user wants that', () => {
    const { env, files = [] } = qwen.command({ ...base, permissions: 'full' })
    const defaults = files.find(({ path }) => path === env.QWEN_CODE_SYSTEM_DEFAULTS_PATH)
    expect(JSON.parse(defaults?.content ?? '')).toMatchObject({
      model: { generationConfig: { maxRetries: 0 } },
      memory: { enableManagedAutoMemory: false },
    })
  })

  it('gets full permissions by its own flag, without the tools that outlive the turn', () => {
    const built = qwen.command({ ...base, permissions: 'full' })
    expect(built.args.slice(2)).toEqual([
      ...['--approval-mode', 'yolo', '--exclude-tools', 'enter_worktree,exit_worktree,monitor,loop_wakeup'],
    ])
    expect(settingsOf(built)).toBeUndefined()
  })

  it('reviews in the mode that only plans, without settings and instructions of the workspace', () => {
    const built = qwen.review!.command(judging)
    expect(built.args.slice(2, 5)).toEqual(['--approval-mode', 'plan', '--safe-mode'])
    expect(settingsOf(built)).toEqual({ security: { folderTrust: { enabled: true } } })
  })

  it('is refused an exact command, which it cannot tell from a longer one, and what is no command', () => {
    expect(qwen.refusal({ ...base, allow: ['Bash(npm test:*)'] }, {})).toBeUndefined()
    expect(qwen.refusal({ ...base, allow: ['Bash(npm test)'] }, {})?.message).toContain('`Bash(npm test:*)`')
    expect(qwen.refusal({ ...base, allow: ['WebFetch'] }, {})?.message).toContain('`WebFetch`')
    expect(qwen.refusal({ ...base, allow: ['Bash(npm test)', 'WebFetch'], permissions: 'full' }, {})).toBeUndefined()
  })

  it('is refused where the variable is taken through which it gets its permissions', () => {
    const env = { QWEN_CODE_SYSTEM_SETTINGS_PATH: '/etc/own.json' }
    expect(qwen.refusal(base, env)?.kind).toBe('usage')
    expect(qwen.refusal(judging, env)?.kind).toBe('usage')
    expect(qwen.refusal({ ...base, permissions: 'full' }, env)).toBeUndefined()
  })
})

describe('copilot', () => {
  const flags = ['--output-format', 'json', '--no-color', '--no-ask-user', '-C', '/repo']
  const session = expect.stringMatching(
    /^--session-id=[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/,
  ) as string

  it('is started for a stream of JSON, with tools for files only', () => {
    const built = copilot.command({ ...base, model: 'gpt-5' })
    expect(built).toMatchObject({ file: 'copilot', input: 'do it' })
    expect(built.args).toEqual([
      ...[...flags, session, '--model', 'gpt-5', '--available-tools=view,grep,glob,create,edit,apply_patch'],
      ...['--disallow-temp-dir', '--allow-tool=write'],
    ])
    expect(copilot.command({ ...base, permissions: 'full' }).args).toEqual([...flags, session, '--allow-all'])
    // It would tell the id only at its end.
    expect(copilot.command(base).args).toContain(`--session-id=${copilot.conversationOf?.(base)}`)
    expect(copilot.conversationOf?.({ ...base, ownDir: '/logs/cli-2' })).not.toBe(copilot.conversationOf?.(base))
  })

  it('reviews with the tools that read, without the instructions of the workspace', () => {
    expect(copilot.review!.command(judging).args.slice(6)).toEqual([
      ...['--available-tools=view,grep,glob', '--disallow-temp-dir', '--no-custom-instructions'],
    ])
  })

  it('is refused commands, to which nothing limits it, unless its permissions are full', () => {
    const allow = ['Bash(npm test:*)']
    expect(copilot.refusal({ ...base, allow }, {})?.kind).toBe('usage')
    expect(copilot.refusal({ ...base, allow, permissions: 'full' }, {})).toBeUndefined()
    expect(copilot.refusal(base, {})).toBeUndefined()
  })

  it('is refused where a variable would lift its permissions', () => {
    for (const request of [base, judging]) {
      expect(copilot.refusal(request, { COPILOT_ALLOW_ALL: 'true' })?.kind).toBe('usage')
      expect(copilot.refusal(request, { COPILOT_ALLOW_ALL: '0' })).toBeUndefined()
    }
    expect(copilot.refusal({ ...base, permissions: 'full' }, { COPILOT_ALLOW_ALL: '1' })).toBeUndefined()
  })
})

describe('pi', () => {
  const full: WorkRequest = { ...base, permissions: 'full' }

  it('is started for a stream of JSON, with full permissions alone', () => {
    const built = pi.command({ ...full, model: 'anthropic/opus:high' })
    expect(built.args).toEqual(['-p', '--mode', 'json', '--model', 'anthropic/opus:high'])
    expect(built.input).toBe('do it')
    expect(pi.refusal(full, {})).toBeUndefined()
    expect(pi.refusal(base, {})?.message).toContain('permissions: {pi: full}')
    expect(pi.refusal({ ...full, model: '--tools' }, {})?.kind).toBe('model')
  })

  it('never gets a tool that writes where its permissions are not full', () => {
    expect(pi.command(base).args.slice(-2)).toEqual(['--tools', 'read,grep,find,ls'])
  })

  it('reviews with the tools that read, without instructions and extensions of the workspace', () => {
    const { args } = pi.review!.command(judging)
    expect(args.slice(3, 5)).toEqual(['--tools', 'read,grep,find,ls'])
    expect(args).toEqual(expect.arrayContaining(['--no-context-files', '--no-extensions', '--system-prompt']))
    expect(pi.refusal(judging, {})).toBeUndefined()
  })
})

describe('isSessionId', () => {
  it.each(['0b7e9f9c-1111-4222-8333-944445555666', 'thread_1', 'ses.a:b'])('lets %j through', (id) => {
    expect(isSessionId(id)).toBe(true)
  })

  it.each(['', '-p', '--last', '../x', 'a b', 'a\n', 'a;b', '$(id)', 'x'.repeat(200)])('refuses %j', (id) => {
    expect(isSessionId(id)).toBe(false)
  })
})

describe.each([claude, codex, gemini, opencode, qwen, copilot])('$name', (provider) => {
  it.each(['--dangerously-skip-permissions', '-s', '', ' opus', 'a b', 'a\nb', 'a\0', '$(id)'])(
    'refuses the model name %j',
    (model) => {
      expect(provider.refusal({ ...base, model }, {})?.kind).toBe('model')
    },
  )

  it.each([
    'opus',
    'claude-sonnet-4-5@20250929',
    'sonnet[1m]',
    'openrouter/x-ai/grok:free',
    'arn:aws:bedrock:eu-west-1::m/x',
  ])('accepts the model name %s', (model) => {
    expect(provider.refusal({ ...base, model }, {})).toBeUndefined()
  })
})

describe('command', () => {
  it('is started by the shell, without input', () => {
    expect(command.command({ ...base, run: 'npm test && echo "$HOME"' })).toEqual({
      ...{ file: '/bin/sh', args: ['-c', 'npm test && echo "$HOME"'], input: '', env: {} },
    })
  })

  it('shows each line of output', () => {
    expect(command.readLine('{"type":"result"}')).toEqual([{ type: 'text', text: '{"type":"result"}' }])
  })

  it.each([undefined, '', ' \n', 'echo a\0b'])('refuses %j for a command', (run) => {
    expect(command.refusal({ ...base, ...(run === undefined ? {} : { run }) }, {})?.kind).toBe('usage')
  })

  it('accepts full permissions as root', () => {
    expect(command.refusal({ ...base, run: 'true', permissions: 'full', asRoot: true }, {})).toBeUndefined()
  })
})

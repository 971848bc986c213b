import { describe, expect, it } from 'vitest'
import type { AgentEvent } from '../../../src/domain/agent/agent-event.js'
import { refusalLog } from '../../../src/orchestration/agent/refusal-log.js'
import { claudeAllowEntry } from '../../../src/providers/claude/allow-entry.js'
import { claude } from '../../../src/providers/claude/provider.js'
import { codex } from '../../../src/providers/codex/provider.js'
import { gemini } from '../../../src/providers/gemini/provider.js'
import { copilot } from '../../../src/providers/copilot/provider.js'
import { pi } from '../../../src/providers/pi/provider.js'
import { qwen } from '../../../src/providers/qwen/provider.js'
import { opencode } from '../../../src/providers/opencode/provider.js'
import { readStream, refusedIn } from '../../support/rigs/recorded-stream.js'

const missing = 'This Bash command contains multiple operations. The following part requires approval: '

describe('the entry of allow: for what claude refused', () => {
  // Tried with the real 2.1.332; see also test/test-cli/refused-tools.test.ts.
  it.each([
    ['Bash', 'npm run generate', 'This command requires approval', 'Bash(npm run generate)'],
    ['Bash', ' npm test -- "a(b)" ', '', 'Bash(npm test -- "a(b)")'],
    ['Bash', 'npm run generate | head -3', `${missing}npm run generate`, 'Bash(npm run generate)'],
    ['Bash', 'a && b', 'The following parts require approval: a, b', 'Bash(a && b)'],
    ['Bash', 'ls *.foo | xargs rm', `${missing}xargs rm`, 'Bash(xargs rm)'],
    ['Bash', 'other', `${missing}npm run generate`, 'Bash(other)'],
    ['Write', '/home/dev/out.txt', '', 'Edit(//home/dev/out.txt)'],
    ['Read', '/etc/hosts', '', 'Read(//etc/hosts)'],
    ['WebFetch', 'https://example.org:8080/x?y', '', 'WebFetch(domain:example.org)'],
    ['Skill', 'probe', 'Execute skill: probe', 'Skill(probe)'],
    ['mcp__db__query', undefined, '', 'mcp__db__query'],
  ])('%s about %j is %s', (tool, about, message, entry) => {
    expect(claudeAllowEntry({ tool, message, ...(about === undefined ? {} : { about }) }, '/ws')).toBe(entry)
  })

  it.each([
    ['Bash', 'rm *.log'],
    ['Bash', 'npm start &'],
    ['Bash', 'npm test "a(b)" > out'],
    ['Bash', 'echo ")"'],
    ['Bash', 'echo a\nrm -rf b'],
    ['Bash', ''],
    ['Bash', undefined],
    ['Write', '/ws/.claude/settings.json'],
    ['Write', 'relative'],
    ['Write', '/x/(1)'],
    ['WebFetch', 'ftp://example.org'],
    ['--dangerous', undefined],
    ['a tool', undefined],
  ])('is unknown for %s about %j', (tool, about) => {
    expect(claudeAllowEntry({ tool, message: '', ...(about === undefined ? {} : { about }) }, '/ws')).toBeUndefined()
  })
})

describe('what was refused in a recorded stream of claude', () => {
  it('is reported once, although the CLI reports it twice, with command and entry', () => {
    expect(refusedIn(claude, readStream('claude', 'refused'), '/REPO')).toMatchObject([
      { tool: 'Bash', target: 'git status --short && touch chained.txt' },
      {
        tool: 'Bash',
        target: 'git status --short > redirected.txt',
        allow: 'Bash(git status --short > redirected.txt)',
      },
      { tool: 'Bash', target: 'touch shell.txt', allow: 'Bash(touch shell.txt)' },
    ])
    expect(refusedIn(claude, readStream('claude', 'refused-outside'), '/REPO')).toHaveLength(2)
  })

  it('is known from the final event alone if no earlier event reported it', () => {
    const { lines, ...rest } = readStream('claude', 'refused')
    const quiet = { ...rest, lines: lines.filter((line) => !line.includes('"permission_denied"')) }
    expect(quiet.lines).toHaveLength(lines.length - 3)
    expect(refusedIn(claude, quiet).map(({ target }) => target)).toEqual([
      'git status --short && touch chained.txt',
      'git status --short > redirected.txt',
      'touch shell.txt',
    ])
  })

  it('is reported even if a later result of the same process no longer lists it', () => {
    const stream = readStream('claude', 'refused')
    const more = JSON.stringify({ type: 'result', is_error: false, permission_denials: [] })
    expect(refusedIn(claude, { ...stream, lines: [...stream.lines, more] })).toHaveLength(3)
  })

  it('is known from the events alone if the process was ended before the final one', () => {
    const { lines, ...rest } = readStream('claude', 'refused')
    const cut = { ...rest, lines: lines.slice(0, -1) }
    expect(refusedIn(claude, cut).map(({ target }) => target)).toContain('touch shell.txt')
    expect(refusedIn(claude, cut)).toHaveLength(3)
  })
})

describe('what a rule of the user or a hook refused to claude', () => {
  const lines = [
    {
      type: 'assistant',
      message: { content: [{ type: 'tool_use', id: 't1', name: 'Read', input: { file_path: '/x/s' } }] },
    },
    {
      type: 'user',
      message: {
        content: [
          {
            type: 'tool_result',
            is_error: true,
            tool_use_id: 't1',
            content: 'File is in a directory that is denied by your permission settings.',
          },
        ],
      },
      tool_result_meta: [
        { id: 't1', permission_decision: { decision: 'reject', source: 'config', reason_type: 'rule' } },
      ],
    },
    {
      type: 'result',
      is_error: false,
      permission_denials: [{ tool_name: 'Read', tool_use_id: 't1', tool_input: { file_path: '/x/s' } }],
    },
  ].map((line) => JSON.stringify(line))

  it('is known from what came back, if no event reported it, and no entry is named: a rule that forbids wins', () => {
    for (const some of [lines, lines.slice(0, 2)]) {
      expect(refusedIn(claude, { exit: { type: 'code', code: 0 }, stderr: '', lines: some })).toEqual([
        {
          ...{ type: 'denied', tool: 'Read', target: '/x/s', call: 't1', byRule: true },
          message: 'File is in a directory that is denied by your permission settings.',
        },
      ])
    }
  })

  it('is not what was merely an error, or was permitted', () => {
    for (const decision of ['accept', undefined]) {
      const line = lines[1]!.replace('"reject"', JSON.stringify(decision ?? null))
      expect(claude.readLine(line)).toEqual([{ type: 'tool_ended', ok: false }])
    }
  })
})

describe('what codex declined', () => {
  const completed = (item: object) =>
    codex.readLine(JSON.stringify({ type: 'item.completed', item: { status: 'declined', ...item } }))

  it('has its command or path, even if the kind of item is a new one', () => {
    expect(completed({ type: 'command_execution', command: "/bin/bash -lc 'npm test'" })).toMatchObject([
      { type: 'denied', tool: 'shell', target: 'npm test', message: 'declined' },
    ])
    expect(completed({ type: 'file_change', changes: [{ path: '/etc/x' }] })).toMatchObject([
      { type: 'denied', tool: 'edit', target: '/etc/x' },
    ])
    expect(completed({ type: 'something_new' })).toMatchObject([{ type: 'denied', tool: 'something_new' }])
  })

  it('counts each time, although the ids of its items begin again with each turn', () => {
    const complete = refusalLog(codex, { cwd: '/', permissions: 'edit', allow: [] })
    const twice = [1, 2].flatMap(() => completed({ id: 'item_0', type: 'command_execution', command: 'x' }))
    const denials = twice.map(complete).filter((event) => event?.type === 'denied')
    expect(denials).toHaveLength(2)
  })
})

describe('what gemini refused', () => {
  const told = refusedIn(gemini, readStream('gemini', 'refused'))

  it('is told with the command, and with an entry of allow: if the policy can name it', () => {
    expect(told.slice(0, 3).map(({ tool, target, allow }) => [tool, target, allow])).toEqual([
      ['run_shell_command', 'git status --short', 'Bash(git status --short)'],
      ['run_shell_command', 'npm test && touch chained.txt', undefined],
      ['run_shell_command', 'npm test > /out/redirected.txt', undefined],
    ])
  })

  it('includes files outside of the workspace, its own settings and those of build tools, for which there is no entry', () => {
    const files = told.filter(({ tool }) => tool === 'write_file')
    expect(files.map(({ target, allow }) => [target, allow])).toEqual([
      ['/out/outside.txt', undefined],
      ['../outside.txt', undefined],
      ['/repo/.gemini/settings.json', undefined],
      ['.git/config2', undefined],
      ['/repo/package.json', undefined],
      ['/home/dev/.gemini/tmp/x.txt', undefined],
    ])
  })

  it('is not a command that failed, nor a tool that there is none of', () => {
    const ended = (error: object) =>
      gemini.readLine(JSON.stringify({ type: 'tool_result', tool_id: 't', status: 'error', error }))
    expect(ended({ type: 'shell_execute_error', message: 'Command exited with 1' })).toEqual([
      { type: 'tool_ended', ok: false },
    ])
    expect(ended({ type: 'tool_not_registered', message: 'Tool "web_fetch" not found.' })).toEqual([
      { type: 'tool_ended', ok: false },
    ])
  })
})

describe('what opencode refused', () => {
  it('is told with command or path, by a rule or because the tool is not on offer', () => {
    expect(
      refusedIn(opencode, readStream('opencode', 'edit-deny-rules')).map(({ tool, target }) => [tool, target]),
    ).toEqual([
      ['bash', 'git status --short && touch chained.txt'],
      ['write', expect.stringMatching(/outside\.txt$/)],
      ['bash', 'touch shell.txt'],
    ])
    expect(refusedIn(opencode, readStream('opencode', 'review-deny-rules')).map(({ tool }) => tool)).toEqual([
      ...['write', 'bash', 'bash', 'bash', 'write', 'bash'],
    ])
    expect(refusedIn(opencode, readStream('opencode', 'perm-ask'))).toMatchObject([{ tool: 'write' }])
  })

  it('has an entry of allow: where the command is in plain words', () => {
    const refused = refusedIn(opencode, readStream('opencode', 'edit-deny-rules'))
    expect(refused.map(({ allow }) => allow)).toEqual([undefined, undefined, 'Bash(touch shell.txt)'])
  })
})

describe('what qwen refused', () => {
  it('is told once, with command or path, and with an entry of allow: unless a rule of autopilot forbids it', () => {
    const refused = refusedIn(qwen, readStream('qwen', 'edit-sandbox'))
    expect(refused.map(({ tool, target }) => [tool, target])).toEqual([
      ['run_shell_command', 'git status --short && touch chained.txt'],
      ['run_shell_command', expect.stringMatching(/^git status --short; exec 3/)],
    ])
    expect(refusedIn(qwen, readStream('qwen', 'review-plan')).map(({ tool }) => tool)).toEqual([
      ...[
        'write_file',
        'run_shell_command',
        'run_shell_command',
        'run_shell_command',
        'write_file',
        'run_shell_command',
      ],
    ])
    const entry = (about: string) => qwen.allowEntry?.({ tool: 'run_shell_command', about, message: '' }, '/repo')
    expect(entry('npm test')).toBe('Bash(npm test:*)')
    expect(entry('npm test > x')).toBeUndefined()
  })
})

describe('what copilot and pi refused', () => {
  it('is told with command or path, also because the tool is not on offer', () => {
    expect(
      refusedIn(copilot, readStream('copilot', 'edit-allow-tool')).map(({ tool, target }) => [tool, target]),
    ).toEqual([
      ['bash', 'git status --short && touch chained.txt'],
      ['create', expect.stringMatching(/outside\.txt$/)],
      ['bash', 'touch shell.txt'],
    ])
    const commands = ['bash', 'bash', 'bash']
    expect(refusedIn(copilot, readStream('copilot', 'review-available')).map(({ tool }) => tool)).toEqual([
      ...['create', ...commands, 'create', 'bash'],
    ])
    expect(refusedIn(pi, readStream('pi', 'review-tools')).map(({ tool }) => tool)).toEqual([
      ...['write', ...commands, 'write', 'bash'],
    ])
  })
})

describe('the log of refusals', () => {
  const call = (id: string): AgentEvent => ({ type: 'tool', name: 'Bash', target: id, about: id, call: id })
  const denied = (id: string): AgentEvent => ({ type: 'denied', tool: 'Bash', message: '', call: id })

  it('names no entry that is in allow: already, and none if nothing is restricted', () => {
    const entryOf = (request: { permissions: 'edit' | 'full'; allow: readonly string[] }) => {
      const complete = refusalLog(claude, { cwd: '/', ...request })
      complete(call('x'))
      return complete(denied('x'))
    }
    expect(entryOf({ permissions: 'edit', allow: [] })).toMatchObject({ target: 'x', allow: 'Bash(x)' })
    expect(entryOf({ permissions: 'edit', allow: ['Bash(x)'] })).not.toHaveProperty('allow')
    expect(entryOf({ permissions: 'full', allow: [] })).not.toHaveProperty('allow')
  })

  it('forgets calls that are long past, but no refusal', () => {
    const complete = refusalLog(claude, { cwd: '/', permissions: 'edit', allow: [] })
    for (let n = 0; n < 1000; n++) complete(call(`c${n}`))
    expect(complete(denied('c0'))).toEqual({ type: 'denied', tool: 'Bash', message: '', call: 'c0' })
    expect(complete(denied('c999'))).toMatchObject({ target: 'c999' })
    expect(complete(denied('c0'))).toBeUndefined()
  })
})

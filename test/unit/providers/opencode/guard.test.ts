import { describe, expect, it } from 'vitest'
import { allowedCommands } from '../../../../src/providers/adapter/allowed-command.js'
import { guardPlugin, guardRefusal } from '../../../../src/providers/opencode/guard.js'

interface Hooks {
  readonly event: (told: { event: object }) => Promise<void>
  readonly config?: (config: object) => Promise<void>
  readonly 'tool.execute.before'?: (call: { tool: string }, made: { args: object }) => Promise<void>
}

async function load(content: string): Promise<Hooks> {
  const url = `data:text/javascript,${encodeURIComponent(content)}`
  const { autopilot } = (await import(/* @vite-ignore */ url)) as { autopilot: () => Promise<Hooks> }
  return autopilot()
}

const commands = allowedCommands(['Bash(npm test:*)', 'Bash(git status)'])
const guarded = await load(guardPlugin('autopilot', commands))
const before = guarded['tool.execute.before']!

describe("autopilot's plugin in opencode", () => {
  it.each([
    'git status',
    ' git status ',
    'npm test',
    'npm test -- -t "a (b) > c"',
    "npm test -- 'x; rm -rf y'",
    'npm test 2>&1',
    'npm test && git status',
    'npm test; git status || npm test | npm test',
    'npm test $FILTER',
  ])('permits %j', async (command) => {
    await expect(before({ tool: 'bash' }, { args: { command } })).resolves.toBeUndefined()
  })

  it.each([
    'git status --short',
    'npm tests',
    'touch x',
    'git status && touch x',
    'git status; touch x',
    'git status & touch x',
    'git status | tee x',
    'npm test > ../x',
    'npm test >> ../x',
    'npm test 2>&1file',
    'npm test < ../x',
    '> ../x',
    '{ npm test; } > ../x',
    '(npm test)',
    'npm test $(touch x)',
    'npm test `touch x`',
    'npm test "$(touch x)"',
    'npm test ${x:=y}',
    "npm test $'\\'; touch x; \\''",
    "npm test \\'; touch x; \\'",
    'npm test "$X \' "; touch y; " \' "',
    "npm test # '\ntouch x #'",
    'npm test\ntouch x',
    'export X=y; npm test',
    'X=y npm test',
    'X=y; npm test',
    "npm test 'x",
    'npm test &',
    '',
  ])('refuses %j', async (command) => {
    await expect(before({ tool: 'bash' }, { args: { command } })).rejects.toThrow(guardRefusal)
  })

  it('leaves other tools alone', async () => {
    await expect(before({ tool: 'write' }, { args: { filePath: 'a > b' } })).resolves.toBeUndefined()
  })

  it('grants the commands, which no other rule does', async () => {
    const config = { agent: { autopilot: { permission: { '*': 'deny', bash: 'deny' } } } }
    await guarded.config?.(config)
    expect(config.agent.autopilot.permission.bash).toEqual({
      '*': 'deny',
      'npm test': 'allow',
      'npm test 2>&1': 'allow',
      'npm test *': 'allow',
      'npm test * 2>&1': 'allow',
      'git status': 'allow',
      'git status 2>&1': 'allow',
    })
  })

  it('restricts nothing where there are no rules', async () => {
    expect(Object.keys(await load(guardPlugin('autopilot', undefined)))).toEqual(['event'])
  })
})

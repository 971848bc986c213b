// Control characters and commands in what is printed.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commandsIn } from '../../support/fakes/actions-runner.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { programFile, startProgram, type Ended } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

/** C0 but tab and line feed, DEL, C1, what changes the direction of text, what is not seen. */
const dangerous =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b\u2060\ufeff]/

const nasty = '\u001b]52;c;b3duZWQ=\u0007\u001b[2J\u009b31m\u202eowned\u2066\u200b\r\n::error::INJECTED\n##[group]x'
const text = JSON.stringify(nasty)

/** Ids may hold no control characters; what they may hold is bad enough. */
const roadmap = `tasks:
  - { id: "::error::lands\\u200b", title: ${text} }
  - { id: "##[group]fails", title: ${text}, run: 'printf "\\033]0;x\\007\\n::error::INJECTED\\n##[x]y" >&2; exit 1' }
  - { id: "::error::INJECTED", title: ${text}, status: blocked }
  - { id: waits, dependencies: [${text}] }
`
const broken = `tasks:\n  - { id: ${text} }\n  - { id: a, ${text}: b, status: ${text}, dependencies: [${text}] }\n`

/** Every command that shows something of such a roadmap, one run and what tells of it afterwards. */
async function everything(stage: Scene, env: Readonly<Record<string, string>>): Promise<readonly Ended[]> {
  fakeCli(stage, 'claude', ({ write, say, succeed }) => {
    const bad = '\u001b[2J\u202e\n::error::INJECTED\n  ##[group]x'
    say({
      type: 'assistant',
      message: {
        content: [
          { type: 'text', text: bad },
          { type: 'tool_use', name: bad, input: { command: bad } },
        ],
      },
    })
    process.stderr.write(bad)
    write(`a\u001b[31m\n::error::INJECTED\u200b`, 'x')
    succeed({ result: bad })
  })
  stage.repo.write('broken.yaml', broken)
  const ended: Ended[] = []
  for (const args of [
    ['validate'],
    ['validate', 'broken.yaml'],
    ['validate', `${nasty}.yaml`],
    ['run', '--dry-run'],
    ['run', '-i', '1', `--${nasty}`],
    ['run', '-i', '1', '--only', nasty],
    ['run', '-i', '1', '-C', nasty],
    ['run', '-i', '1'],
    ['status'],
    ['status', nasty],
    ['clean', '--dry-run'],
    [nasty],
  ])
    ended.push(await stage.run(args, { env }))
  return ended
}

test('no command lets a control character of a roadmap, an agent or an argument through', async () => {
  const stage = scene({ roadmap })
  const codes: (number | null)[] = []
  for (const { stdout, stderr, code } of await everything(stage, {})) {
    codes.push(code)
    expect(stdout + stderr).not.toMatch(dangerous)
    // No text from outside begins a line of its own.
    expect(stdout + stderr).not.toMatch(/^(?:::error::INJECTED|##\[group\]x|x)$/m)
  }
  expect(codes).toEqual([0, 2, 2, 0, 2, 2, 4, 1, 0, 2, 0, 2])
})

const own = new Set(['group', 'endgroup', 'error', 'warning'])

test('on a GitHub runner no text is taken for a command, and elsewhere all of it is shown', async () => {
  const stage = scene({ roadmap })
  for (const { stdout, stderr } of await everything(stage, { GITHUB_ACTIONS: 'true', CI: 'true' })) {
    for (const log of [stdout, stderr]) {
      const found = commandsIn(log)
      if (log === '') continue
      // On stderr, autopilot's own come between.
      const theirs = found.filter((name) => log === stdout || !own.has(name))
      expect(found[1]).toMatch(/^[0-9a-f]{32}$/)
      expect([...new Set(theirs)]).toEqual(['stop-commands', found[1]])
      expect(log.startsWith('::stop-commands::')).toBe(true)
      expect(log.endsWith(`\n::${found[1]!}::\n`)).toBe(true)
    }
  }
})

test('on a runner events for machines hold no command, and nothing but events', async () => {
  const stage = scene({ roadmap })
  fakeCli(stage, 'claude', ({ succeed }) => succeed({ result: '##[error]x' }))
  const { stdout, records } = await stage.run(['run', '-i', '1', '--output', 'json'], {
    env: { GITHUB_ACTIONS: 'true' },
  })
  expect(commandsIn(stdout)).toEqual([])
  expect(records().some((one) => one.type === 'agent_finished' && one.text === '##[error]x')).toBe(true)
  expect(stdout).not.toMatch(dangerous)
})

test('a file that is written on a runner contains no commands for the runner', async () => {
  const stage = scene({ roadmap })
  const out = stage.repo.beside('summary')
  const args = ['-c', 'exec "$@" > "$OUT"', 'sh', process.execPath, programFile, 'validate']
  const env = { ...stage.env, GITHUB_ACTIONS: 'true', OUT: out }
  const { code } = await startProgram(args, { cwd: stage.repo.dir, env, file: '/bin/sh' }).ended
  expect(code).toBe(0)
  const text = readFileSync(out, 'utf8')
  expect(text).toContain('is valid: ')
  expect(commandsIn(text)).toEqual([])
})

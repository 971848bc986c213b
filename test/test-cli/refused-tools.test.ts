import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { all, only, setStage, type Stage } from './stage.js'
import { calling, done, roadmap, shell } from './scripts.js'

const hello: Answer = { type: 'write', path: 'hello.txt', content: 'hello\n' }

function deniedIn(records: Parameters<typeof all>[0]) {
  return all(records, 'agent_reported').flatMap(({ event }) => (event.type === 'denied' ? [event] : []))
}

const outside = (stage: Stage) => stage.scene.repo.beside('outside.txt')

test('each refusal by claude is reported once, and the entries that are named permit exactly what was refused', async () => {
  const commands = [
    'make generate',
    'make generate | head -3',
    'make one && make two',
    'make "a(b)"',
    'make "a b" > out.txt',
    "make -n -- 'it is; ok'",
    'make $(echo x)',
  ]
  let path = ''
  const script = (turn: Turn) =>
    calling(hello, ...commands.map(shell), { type: 'write', path, content: 'by hand\n' })(turn)
  const first = await setStage({ roadmap, script })
  path = outside(first)
  const refused = await first.run('-p', 'claude', '-i', '1')
  expect(refused.code).toBe(0)
  const denied = deniedIn(refused.records())
  expect(denied.map(({ target }) => target)).toEqual([...commands, path])
  expect(denied.map(({ allow }) => allow)).toEqual([
    'Bash(make generate)',
    'Bash(make generate)',
    ...commands.slice(2).map((command) => `Bash(${command})`),
    `Edit(/${path})`,
  ])
  expect(existsSync(path)).toBe(false)
  await first.quiet()

  const second = await setStage({ roadmap, script })
  const entries = [...denied.slice(0, -1).map(({ allow }) => allow), `Edit(/${outside(second)})`]
  second.scene.repo.write('autopilot.yaml', JSON.stringify({ allow: entries }))
  path = outside(second)
  const permitted = await second.run('-p', 'claude', '-i', '1')
  expect(permitted.code).toBe(0)
  expect(deniedIn(permitted.records())).toEqual([])
  expect(existsSync(path)).toBe(true)
  await second.quiet()
})

test('what a rule or a hook of the project refuses to claude is reported, too, without entries that would not help', async () => {
  const hook = "if grep -q hooked; then echo 'not here' >&2; exit 2; fi"
  const settings = {
    permissions: { deny: ['Bash(make secret:*)', 'Edit(./locked/**)'] },
    hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: hook }] }] },
  }
  const calls = [
    hello,
    shell('make secret'),
    shell('make hooked'),
    { ...hello, path: 'locked/x' },
    shell('make generate'),
  ]
  const files = { '.claude/settings.json': JSON.stringify(settings) }
  const stage = await setStage({ roadmap, script: calling(...calls), files })
  const { code, records } = await stage.run('-p', 'claude', '-i', '1')
  expect(code).toBe(0)
  expect(deniedIn(records()).map(({ tool, target, allow }) => [tool, target, allow])).toEqual([
    ['Bash', 'make secret', undefined],
    ['Bash', 'make hooked', undefined],
    ['Write', expect.stringMatching(/locked\/x$/), undefined],
    ['Bash', 'make generate', 'Bash(make generate)'],
  ])
  await stage.quiet()
})

test('with on_denied: fail, the same conversation of claude is told what is allowed, and an old refusal is not reported again', async () => {
  const script = ({ about, results }: Turn): Answer => {
    if (about === 'repair') return results === 2 ? { type: 'write', path: 'by-hand.txt', content: 'hello\n' } : done
    return [hello, shell('make generate')][results] ?? done
  }
  const stage = await setStage({ roadmap, script, config: 'on_denied: fail\n' })
  const { code, records } = await stage.run('-p', 'claude', '-i', '1')
  expect(only(records(), 'repair_started').reason).toMatchObject({ kind: 'refused' })
  expect(deniedIn(records())).toHaveLength(1)
  expect(stage.server.turns.at(-1)!.said).toContain('Bash `make generate`')
  expect(stage.scene.landed('by-hand.txt')).toBe('hello')
  expect(code).toBe(0)
  await stage.quiet()
})

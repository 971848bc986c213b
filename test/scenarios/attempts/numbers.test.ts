// Numbers, ports and values of env: that agents and gates have for themselves.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nextTurn, withClaude } from '../../support/fakes/claude-turn.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { everyWay } from '../../support/scenes/every-way.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import type { FakeAgent } from '../../support/fakes/fake-agent.js'
import { rig, riggedRoadmap } from '../../support/scenes/rigged-scene.js'

const numbersOf = ({ env }: { readonly env: Readonly<Record<string, string>> }) => ({
  slot: env.AUTOPILOT_SLOT,
  task: env.AUTOPILOT_TASK,
  db: env.DB,
})

/** A server on the one port that its environment names, which says whose it is; and what starts it in the background. */
const server = {
  'server.cjs': `const { AUTOPILOT_PORT, AUTOPILOT_SLOT } = process.env
require('node:http').createServer((_, response) => response.end(AUTOPILOT_SLOT))
  .listen(Number(AUTOPILOT_PORT), '127.0.0.1', () => console.log('up'))
`,
  'serve.cjs': `const stdio = ['ignore', 'pipe', 'ignore']
require('node:child_process').spawn(process.execPath, ['server.cjs'], { stdio }).stdout.once('data', () => process.exit(0))
`,
}

async function serves(agent: FakeAgent): Promise<string> {
  await agent.run(process.execPath, 'serve.cjs')
  return askedAt(agent)
}

async function askedAt({ env }: FakeAgent): Promise<string> {
  return (await fetch(`http://127.0.0.1:${env.AUTOPILOT_PORT}/`)).text()
}

test('agents and gates that run at once have their own numbers, and values of env: use them; setup has none', async () => {
  const agents = await rig()
  const stage = gatedScene({
    roadmap: riggedRoadmap(agents, ['one', 'two']),
    gates: [agents.command('gate')],
    files: server,
    config: {
      env: { DB: 'app_{{slot}}_{{task}}' },
      setup: 'env > "$HOME/setup-$$"; cp "$HOME/setup-$$" "$HOME/setup"',
    },
  })
  const running = stage.start(['run', '-a', '2', '-i', '1', '--gate-jobs', '1'], { env: { DB: 'mine' } })
  const [one, two] = [await agents.next('one'), await agents.next('two')]
  expect([one, two].map(({ env }) => env.AUTOPILOT_SLOT).sort()).toEqual(['1', '2'])
  expect(numbersOf(two)).toEqual({ slot: two.env.AUTOPILOT_SLOT, task: 'two', db: `app_${two.env.AUTOPILOT_SLOT}_two` })
  // Each has its server, and nobody else's.
  expect([await serves(one), await serves(two)]).toEqual([one.env.AUTOPILOT_SLOT, two.env.AUTOPILOT_SLOT])
  await one.write('one.txt', '')
  await one.exit(0)
  const gate = await agents.next('gate')
  expect(numbersOf(gate)).toEqual({ slot: '3', task: 'one', db: 'app_3_one' })
  expect([await serves(gate), await askedAt(two)]).toEqual(['3', two.env.AUTOPILOT_SLOT])
  expect(Number(gate.env.AUTOPILOT_PORT) % 10).toBe(0)
  const setup = readFileSync(join(stage.repo.home, 'setup'), 'utf8')
  expect(setup).not.toMatch(/^(DB|AUTOPILOT_SLOT|AUTOPILOT_PORT|AUTOPILOT_TASK)=/m)
  expect(setup).toMatch(/^AUTOPILOT_RUN=/m)
  await gate.exit(0)
  await two.exit(0)
  await running.ended
})

describe.each(everyWay)('%s', (_, flags) => {
  test('a repair round keeps its slot if that is free, and is told nothing; the value that a secret became is masked', async () => {
    const stage = gatedScene({
      roadmap: 'tasks:\n  - { id: fix }\n',
      gates: ['! test -e fix.txt || grep -q good fix.txt'],
      config: { env: { DB_PASSWORD: 'hunter-of-{{slot}}', NODE_ENV: 'test' } },
    })
    const calls = fakeCli(stage, 'claude', ({ task, attempt, write, succeed }) => {
      write(`${task}.txt`, attempt > 2 ? 'good\n' : `bad ${attempt}\n`)
      succeed({ result: `The password is ${process.env.DB_PASSWORD}.` })
    })
    const ended = await stage.run(['run', '-a', '3', '-i', '1', '--output', 'json', ...flags])
    expect(ended.code).toBe(0)
    const slots = calls().map(({ env }) => env.AUTOPILOT_SLOT)
    expect(slots).toEqual([slots[0], slots[0], slots[0]])
    expect(calls().filter(({ prompt }) => prompt.includes('Your environment has changed'))).toEqual([])
    // The filled-in value is hidden like any other secret, in the commit, too.
    expect(ended.stdout).not.toContain('hunter-of-')
    expect(ended.stdout).toContain('The password is ***.')
    expect(stage.repo.git('log', '-1', '--format=%B', 'autopilot/main')).not.toContain('hunter-of-')
  })
})

test('a repair round on another slot, because its own is taken, is told its new values', async () => {
  const agents = await rig()
  const others = ['other', 'filler'].map((id, index) => ({
    ...{ id, priority: index + 1, run: agents.command(id), expects: 'no_change' },
  }))
  const stage = gatedScene({
    roadmap: JSON.stringify({ tasks: [{ id: 'fix', priority: 0 }, ...others] }),
    gates: ['grep -q good fix.txt'],
    config: { env: { DB: 'app_{{slot}}' } },
  })
  withClaude(stage, agents)
  const running = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
  const first = await nextTurn(agents)
  const other = await agents.next('other')
  await first.agent.write('fix.txt', 'bad')
  await first.end()
  // It takes the free slot before the gate has judged.
  const filler = await agents.next('filler')
  await running.saw('gate_judged')
  await other.exit(0)
  const second = await nextTurn(agents)
  const { AUTOPILOT_SLOT: slot, AUTOPILOT_PORT: port, DB } = second.agent.env
  expect([slot, DB]).toEqual([other.env.AUTOPILOT_SLOT, `app_${slot}`])
  expect(slot).not.toBe(first.agent.env.AUTOPILOT_SLOT)
  expect(second.prompt).toContain(`From now on, AUTOPILOT_SLOT is ${slot}, AUTOPILOT_PORT is ${port}.`)
  expect(second.prompt).toContain('so they have changed, too: DB.')
  expect(first.prompt).not.toContain('Your environment has changed')
  await second.agent.write('fix.txt', 'good')
  await second.end()
  await filler.exit(0)
  expect((await running.ended).code).toBe(0)
})

test('a range of ports that is too small for the agents and gate jobs is refused, and nothing starts', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: a, run: touch a }\n', config: { ports: '17000-17025' } })
  const { code, stdout, stderr } = await stage.run(['run', '-a', '2', '--gate-jobs', '1'])
  expect([code, stdout]).toEqual([4, ''])
  expect(stderr).toContain('ports 17000-17025 have 2 free blocks of ten, and 2 + 1 are needed')
  expect(stderr).toContain('name a larger range, such as ports: 20000-29999 in autopilot.yaml, or take fewer agents')
})

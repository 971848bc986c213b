// What is counted as spent.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { journalHas } from '../../support/scenes/killed-run.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const capOf = (args: readonly string[]) => Number(args[args.indexOf('--max-budget-usd') + 1])

test('a repair round may spend what is left, and what its conversation spent before does not count again', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: hello, title: Say hello }\n',
    gates: [{ run: 'grep -q good hello.txt', name: 'good' }],
  })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    succeed({ total_cost_usd: attempt === 1 ? 0.6 : 0.7 })
  })
  const { code, stdout } = await stage.run(['run', '--budget', '1.5'])
  expect(code).toBe(0)
  expect(calls().map(({ args }) => capOf(args))).toEqual([1.5, 0.9])
  expect(calls()[1]!.args).toContain('--resume')
  expect(stdout).toMatch(/^Budget +\$0\.70 of \$1\.50$/m)
})

const tasks = (count: number) =>
  `tasks:\n${Array.from({ length: count }, (_, n) => `  - { id: t${n}, expects: no_change }\n`).join('')}`

test.each([
  ['null', { total_cost_usd: null }],
  ['a text', { total_cost_usd: '0.25' }],
  ['negative', { total_cost_usd: -1 }],
])(
  'a cost that is %s is unknown, not 0: said at the first agent, and after three in a row the run ends with 75',
  async (_, more) => {
    const stage = scene({ roadmap: tasks(5) })
    const act = `({ succeed }) => { succeed(${JSON.stringify(more)}) }`
    const calls = fakeCli(stage, 'claude', { toString: () => act } as unknown as Parameters<typeof fakeCli>[2])
    const { code, stdout, stderr } = await stage.run(['run', '-a', '1', '--budget', '5'])
    expect(code).toBe(75)
    // A slot is free when its agent has exited: one more may begin before its last words are read.
    expect([3, 4]).toContain(calls().length)
    expect(stderr.match(/claude did not report the cost of its agent on t0.*prices:.*--budget-tokens/g)).toHaveLength(1)
    expect(stdout).toMatch(/^Cost +\$0\.00 known; the cost of [34] agents of claude unknown and not counted$/m)
    expect(stdout).toMatch(/^Next +give its price under prices:/m)
  },
)

test('an agent that reports its cost resets the count, and prices: fills in a missing cost', async () => {
  const stage = scene({ roadmap: tasks(5) })
  fakeCli(stage, 'claude', ({ task, succeed }) => {
    succeed(task === 't2' ? {} : { total_cost_usd: null })
  })
  const mixed = await stage.run(['run', '-a', '1', '--budget', '5'])
  expect(mixed.code).toBe(0)
  expect(mixed.stdout).toMatch(/^Cost +\$0\.25 known; the cost of 4 agents of claude unknown and not counted$/m)

  const prices = 'prices: { claude: { input: 1000, output: 1000 } }\n'
  const other = scene({ roadmap: tasks(5), files: { 'autopilot.yaml': prices } })
  fakeCli(other, 'claude', ({ succeed }) => {
    succeed({ total_cost_usd: null })
  })
  const priced = await other.run(['run', '-a', '1', '--budget', '5'])
  expect(priced.code).toBe(0)
  expect(priced.stdout).toMatch(/^Budget +\$0\.75 of \$5\.00$/m)
  expect(priced.stdout).not.toMatch(/^Cost/m)
})

test('without a budget an unknown cost ends nothing', async () => {
  const stage = scene({ roadmap: tasks(4) })
  fakeCli(stage, 'claude', ({ succeed }) => {
    succeed({ total_cost_usd: null })
  })
  const { code, stderr } = await stage.run(['run', '-a', '1'])
  expect(code).toBe(0)
  expect(stderr).not.toContain('did not tell')
})

test('an unreadable last line is priced by what was streamed, at the rate of its model, and is reported as an estimate', async () => {
  const stage = scene({ roadmap: tasks(2) })
  fakeCli(stage, 'claude', ({ task, say }) => {
    const fs = process.getBuiltinModule('node:fs')
    const usage = { input_tokens: 1000, output_tokens: 1 }
    say({ type: 'system', subtype: 'init', session_id: 's', model: 'm' })
    say({ type: 'assistant', message: { id: `msg-${task}`, content: [], usage } })
    const total = { modelUsage: { m: { inputTokens: 1000, outputTokens: 500 } }, total_cost_usd: 0.4 }
    if (task === 't0') say({ type: 'result', subtype: 'success', is_error: false, result: 'ok', ...total })
    else fs.writeSync(1, '{"type":"result","subtype":"success","is_er')
  })
  const { stdout, stderr } = await stage.run(['run', '-a', '1', '-i', '1', '--budget', '5'])
  expect(stderr).toMatch(/t1: its agent was cut off before it reported its cost, about \$0\.40 \(an estimate\)/)
  expect(stdout).toMatch(/^Budget +\$0\.80 of \$5\.00$/m)
  expect(stdout).toMatch(/^Cost +\$0\.80 known; including an estimate of about \$0\.40 for 1 agent cut off/m)
})

test('what an agent had streamed when autopilot was killed counts in the resumed run', async () => {
  const stage = scene({
    roadmap: tasks(1),
    files: { 'autopilot.yaml': 'prices: { claude: { input: 1000, output: 0 } }\n' },
  })
  const calls = fakeCli(stage, 'claude', ({ attempt, prompt, say, succeed }) => {
    if (attempt > 1 || prompt.includes('stopped in the middle')) {
      const modelUsage = { m: { inputTokens: 300, outputTokens: 0 } }
      say({ type: 'assistant', message: { id: 'm2', content: [], usage: { input_tokens: 300, output_tokens: 0 } } })
      succeed({ modelUsage, total_cost_usd: 0.3 })
      return
    }
    say({ type: 'system', subtype: 'init', session_id: 's', model: 'm' })
    say({ type: 'assistant', message: { id: 'm1', content: [], usage: { input_tokens: 500, output_tokens: 0 } } })
    setInterval(() => undefined, 1000)
  })
  const first = stage.start(['run', '--budget', '5'])
  await journalHas(stage, /"agent_used"/)
  first.kill('SIGKILL')
  await first.ended
  const { code, stdout } = await stage.run(['resume', '--budget', '5'])
  expect(code).toBe(0)
  expect(capOf(calls()[1]!.args)).toBe(4.5)
  expect(stdout).toMatch(/^Budget +\$0\.80 of \$5\.00$/m)
})

test('an agent that its own limit ended continues its conversation, with its work, when the run may spend more', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: build, title: Build it }\n' })
  const calls = fakeCli(stage, 'claude', ({ prompt, read, write, say, succeed, exit }) => {
    if (prompt.includes('# Interrupted')) {
      write('part.txt', `${read('part.txt')}two`)
      succeed({ total_cost_usd: 1.5 })
      return
    }
    write('part.txt', 'one ')
    say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
    const capped = { subtype: 'error_max_budget_usd', is_error: true, terminal_reason: 'budget_exhausted' }
    say({ type: 'result', ...capped, total_cost_usd: 1.1, usage: { input_tokens: 1, output_tokens: 1 } })
    exit(1)
  })
  expect(await stage.run(['run', '--budget', '1'])).toMatchObject({ code: 75 })
  const { code, stdout } = await stage.run(['resume', '--budget', '4'])
  expect(code).toBe(0)
  expect(calls()).toHaveLength(2)
  expect(calls()[1]!.args).toEqual(expect.arrayContaining(['--resume', 'session-of-build']))
  expect(capOf(calls()[1]!.args)).toBeCloseTo(2.9)
  expect(stage.landed('part.txt')).toBe('one two')
  expect(stdout).toMatch(/^Budget +\$1\.50 of \$4\.00$/m)
})

test('a used-up task budget stays used up until the task has a larger one: then its conversation continues', async () => {
  const roadmap = 'tasks:\n  - { id: build, title: Build it, budget: 1 }\n'
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ prompt, write, say, succeed, exit }) => {
    const continues = prompt.includes('# Interrupted')
    write(continues ? 'two.txt' : 'one.txt', 'x')
    if (continues) {
      succeed({ total_cost_usd: 1.5 })
      return
    }
    say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
    say({ type: 'result', subtype: 'error_max_budget_usd', is_error: true, total_cost_usd: 1.1 })
    exit(1)
  })
  expect(await stage.run(['run'])).toMatchObject({ code: 1 })
  const still = await stage.run(['resume', '--retry-failed'])
  expect(still.code).toBe(1)
  expect(still.stdout).toContain("No further attempt: the task's budget is used up")
  expect(calls()).toHaveLength(1)

  stage.repo.write('roadmap.yaml', roadmap.replace('budget: 1', 'budget: 2'))
  expect(await stage.run(['resume'])).toMatchObject({ code: 0 })
  expect(calls()).toHaveLength(2)
  expect(calls()[1]!.args).toEqual(expect.arrayContaining(['--resume', 'session-of-build']))
  expect(stage.landed('one.txt') + stage.landed('two.txt')).toBe('xx')
})

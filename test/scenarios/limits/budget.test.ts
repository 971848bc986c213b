// Budgets in money and tokens.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { rig, scene } from '../../support/scenes/rigged-scene.js'

const tasks = (count: number, more = '') =>
  `tasks:\n${Array.from({ length: count }, (_, n) => `  - { id: t${n}, expects: no_change${more} }\n`).join('')}`

const success = (usd: number) =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: 'ok', total_cost_usd: usd })

test('when the budget is used up nothing new starts, the exit code is 75, and the summary says what to do', async () => {
  const stage = scene({ roadmap: tasks(5) })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const { code, stdout } = await stage.run(['run', '-a', '1', '--budget', '0.5'])
  expect(code).toBe(75)
  expect(calls()).toHaveLength(2)
  expect(stdout).toMatch(/^Done +2 of 5 tasks, .*the budget is used up: \$0\.50 of \$0\.50/m)
  expect(stdout).toMatch(/^Budget +\$0\.50 of \$0\.50$/m)
  expect(stdout).toMatch(/^Next +raise --budget /m)
  expect(stdout).toMatch(/^Not run +3 tasks$/m)
})

test('no agent starts if too little is left for it; each claude is told what is left', async () => {
  const stage = scene({ roadmap: tasks(5), files: { 'autopilot.yaml': 'budget: $0.6\n' } })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const { code, stdout } = await stage.run(['run', '-a', '1'])
  expect(code).toBe(75)
  const caps = calls().map(({ args }) => args[args.indexOf('--max-budget-usd') + 1])
  expect(caps).toEqual(['0.6', '0.35'])
  expect(stdout).toMatch(/less than an agent usually spends: \$0\.50 of \$0\.60 spent/)
})

test('a run whose budget is just enough ends with 0', async () => {
  const stage = scene({ roadmap: tasks(2) })
  fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  expect((await stage.run(['run', '-a', '2', '--budget', '$0.50'])).code).toBe(0)
})

test('tokens of any CLI count', async () => {
  const stage = scene({ roadmap: tasks(5) })
  const calls = fakeCli(stage, 'codex', ({ succeed }) => {
    succeed()
  })
  const { code, stdout } = await stage.run(['run', '-a', '1'], { env: { AUTOPILOT_BUDGET_TOKENS: '480' } })
  expect(code).toBe(75)
  expect(calls()).toHaveLength(2)
  expect(stdout).toMatch(/^Budget +480 tokens of 480 tokens$/m)
})

test('running agents finish when the budget is used up, and their work lands', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n  - id: b\n  - id: c\n' })
  agents.install('claude', { version: '2.1.332 (Claude Code)' })
  const running = stage.start(['run', '-a', '2', '--budget', '1', '--output', 'json'], {
    env: { PATH: `${agents.binDir}:${stage.env.PATH}` },
  })
  const [first, second] = [await agents.next(), await agents.next()]
  await first.write('first.txt', 'first')
  await first.say(success(1))
  await first.exit(0)
  await running.saw('run_stopping')
  await second.write('second.txt', 'second')
  await second.say(success(1))
  await second.exit(0)
  const { code } = await running.ended
  expect(code).toBe(75)
  expect(agents.started).toHaveLength(2)
  expect([stage.landed('first.txt'), stage.landed('second.txt')]).toEqual(['first', 'second'])
})

test('with --budget-action end, running agents are ended; work that had ended well still lands', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n  - id: b\n  - id: c\n' })
  agents.install('claude', { version: '2.1.332 (Claude Code)' })
  const args = ['run', '-a', '2', '--budget', '1', '--budget-action', 'end', '--output', 'json']
  const running = stage.start(args, { env: { PATH: `${agents.binDir}:${stage.env.PATH}` } })
  const [first, second] = [await agents.next(), await agents.next()]
  await second.write('second.txt', 'unfinished')
  await first.write('first.txt', 'first')
  await first.say(success(1))
  await first.exit(0)
  await second.gone
  const { code, records } = await running.ended
  expect(code).toBe(75)
  expect(agents.started).toHaveLength(2)
  expect(stage.landed('first.txt')).toBe('first')
  expect(records().some(({ type }) => type === 'commit_kept')).toBe(true)
})

test('what agents report along the way counts before they end', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: tasks(3) })
  agents.install('claude', { version: '2.1.332 (Claude Code)' })
  const running = stage.start(['run', '-a', '1', '--budget-tokens', '1000', '--output', 'json'], {
    env: { PATH: `${agents.binDir}:${stage.env.PATH}` },
  })
  const agent = await agents.next()
  // Its own share is used up, too: it is told to end.
  await agent.ignore('SIGTERM')
  const call = (id: string) => ({ id, content: [], usage: { input_tokens: 400, output_tokens: 100 } })
  const line = (id: string) => JSON.stringify({ type: 'assistant', message: call(id) })
  await agent.say(line('m1'), line('m1'), line('m2'))
  await running.saw('run_stopping', ({ reason }) => reason === 'budget')
  await agent.say(success(0))
  await agent.exit(0)
  expect((await running.ended).code).toBe(75)
  expect(agents.started).toHaveLength(1)
})

test('a provider that has spent its budget is out, and its tasks continue with another one', async () => {
  const config = 'budgets: { claude: 0.25, codex: { tokens: 100000 } }\nproviders: [claude, codex]\n'
  const stage = scene({ roadmap: tasks(3), files: { 'autopilot.yaml': config } })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const others = fakeCli(stage, 'codex', ({ succeed }) => {
    succeed()
  })
  const { code, stdout, stderr } = await stage.run(['run', '-a', '1'])
  expect(code).toBe(0)
  expect([calls().length, others().length]).toEqual([1, 2])
  expect(stderr).toMatch(
    /^\S+ claude is out for this run: claude has spent its budget for this run, \$0\.25 of \$0\.25/m,
  )
  expect(stdout).toMatch(/^Budget +claude \$0\.25 of \$0\.25; codex 480 tokens of 100,000 tokens$/m)
})

test('a provider that has spent its budget and leaves tasks without any ends the run with 75', async () => {
  const stage = scene({ roadmap: tasks(3), files: { 'autopilot.yaml': 'budgets: { claude: 0.25 }\n' } })
  fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  expect((await stage.run(['run', '-a', '1'])).code).toBe(75)
})

test('a task that has spent its own budget fails, others continue', async () => {
  const stage = scene({ roadmap: `${tasks(1)}  - { id: dear, budget: 0.005 }\n` })
  const calls = fakeCli(stage, 'claude', ({ task, play, succeed }) => {
    if (task === 'dear') play('max-budget')
    else succeed()
  })
  const { code, stdout } = await stage.run(['run'])
  expect(code).toBe(1)
  const mine = calls().filter(({ prompt }) => prompt.includes('Task dear.'))
  expect(mine).toHaveLength(1)
  expect(mine[0]!.args.join(' ')).toContain('--max-budget-usd 0.005')
  expect(stdout).toMatch(/^Failed +dear: .*the task's budget is used up: \$0\.0064 of \$0\.0050.* \(budget\)$/m)
  expect(stdout).toMatch(/^Done +1 of 2/m)
})

test('a failed attempt is not tried again when the task has spent its budget', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, budget: { usd: 0.5 } }\n' })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const { code, stdout } = await stage.run(['run', '-i', '9'])
  expect(code).toBe(1)
  expect(calls()).toHaveLength(2)
  expect(stdout).toMatch(
    /^Failed +a: .*No further attempt: the task's budget is used up: \$0\.50 of \$0\.50\. \(no_change\)/m,
  )
})

test('an agent that reports more tokens than its task may use is ended, as a failure of its own kind', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: 'defaults: { budget: { tokens: 500 } }\ntasks:\n  - id: a\n' })
  agents.install('claude', { version: '2.1.332 (Claude Code)' })
  const running = stage.start(['run', '--output', 'json'], { env: { PATH: `${agents.binDir}:${stage.env.PATH}` } })
  const agent = await agents.next()
  const message = { id: 'm', content: [], usage: { input_tokens: 500, output_tokens: 1 } }
  // It may be ended before it can tell that it has said so.
  await agent.say(JSON.stringify({ type: 'assistant', message })).catch(() => undefined)
  await agent.gone
  const { code, records } = await running.ended
  expect(code).toBe(1)
  expect(agents.started).toHaveLength(1)
  expect(records().find((record) => record.type === 'task_failed')?.failure.kind).toBe('budget')
})

test('the price for a CLI that does not report its cost comes from the configuration; if there is none, a line says so', async () => {
  const prices = 'prices: { codex: { input: 1000, cached_input: 100, output: 2000 } }\n'
  const stage = scene({ roadmap: tasks(3), files: { 'autopilot.yaml': prices } })
  const calls = fakeCli(stage, 'codex', ({ succeed }) => {
    succeed()
  })
  const { code, stdout, stderr } = await stage.run(['run', '-a', '1', '--budget', '0.3'])
  expect(code).toBe(75)
  expect(calls()).toHaveLength(1)
  expect(stdout).toMatch(/^Budget +\$0\.23 of \$0\.30$|^Budget +\$0\.24 of \$0\.30$/m)
  expect(stderr).not.toContain('cannot count')

  const other = scene({ roadmap: tasks(1) })
  fakeCli(other, 'codex', ({ succeed }) => {
    succeed()
  })
  expect((await other.run(['run', '--budget', '0.3'])).stderr).toMatch(
    /^\S+ codex does not report its cost, so a budget in US dollars cannot count it: .*prices:.*--budget-tokens$/m,
  )
})

test('--dry-run shows the budgets, and what claude would be told', async () => {
  const roadmap = 'tasks:\n  - { id: a, provider: claude, budget: 2 }\n  - { id: b, provider: claude }\n'
  const stage = scene({ roadmap, files: { 'autopilot.yaml': 'budgets: { claude: 20 }\nbudget_tokens: 5000000\n' } })
  fakeCli(stage, 'claude', ({ succeed }) => succeed())
  const { code, stdout } = await stage.run(['run', '--dry-run'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Budget: 5,000,000 tokens; claude \$20\.00$/m)
  expect(stdout).toMatch(/--max-budget-usd 2 /)
  expect(stdout).toMatch(/--max-budget-usd 20 /)
})

test('mistakes in budgets are reported with their position', async () => {
  const config = `budget: none
budget_action: stop
budgets:
  codex: { usd: 0 }
  claude: { euros: 5 }
prices:
  codex: { input: -1, output: 2 }
  'nobody:x': { input: 1, output: 2 }
on_limit: maybe
max_total_attempts: 0
`
  const stage = scene({ roadmap: tasks(1), files: { 'autopilot.yaml': config } })
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(2)
  const places = [...stderr.matchAll(/^autopilot\.yaml:(\d+):\d+: error E\d+: /gm)].map(([, line]) => line)
  expect(new Set(places)).toEqual(new Set(['1', '2', '4', '5', '7', '8', '9', '10']))
  const other = scene({ roadmap: tasks(1), files: { 'autopilot.yaml': 'budgets: { clade: 5 }\n' } })
  expect((await other.run(['run'])).stderr).toMatch(/^autopilot\.yaml:1:19: error E104: .*did you mean claude/m)
  for (const flag of [
    ['--budget', '0'],
    ['--budget-tokens', 'x'],
    ['--budget-action', 'ask'],
    ['--max-wait', '0'],
  ]) {
    expect((await stage.run(['run', ...flag])).code).toBe(2)
  }
})

// Feeds a run of 50 busy slots with 1,000 events a second, for a minute on a virtual clock, to the fold alone or to the
// screen as well, and prints the processor time that a second of it took, in ms. Arguments: `fold` or `screen`.
import { openSync, writeSync } from 'node:fs'
import { apply, initialState } from '../../../src/domain/run/run-state.ts'
import { isInForeground } from '../../../src/platform/terminal/foreground.ts'
import { terminalReporter } from '../../../src/ui/reporters/terminal-reporter.ts'
import { virtualClock } from '../../support/fakes/virtual-clock.ts'

const [slotCount, eventsPerSecond, seconds] = [50, 1000, 60]
const clock = virtualClock()
const slots = Array.from({ length: slotCount }, (_, index) => `slot-${index + 1}`)
const ids = Array.from({ length: 1000 }, (_, index) => `task-${index + 1}`)
const start = {
  ...{
    type: 'run_started',
    runId: 'r1',
    version: '1',
    roadmap: 'roadmap.yaml',
    repository: '/r',
    isolation: 'workspace',
  },
  ...{ permissions: 'edit', maxAttempts: 3, slots, gates: ['npm test'], budgets: { run: { usd: 100 }, providers: {} } },
  target: { branch: 'autopilot/main', base: '0123456789abcdef0123456789abcdef01234567' },
  tasks: ids.map((id, index) => ({ id, title: `What task number ${index + 1} is about`, state: 'pending' })),
}

const devNull = openSync('/dev/null', 'w')
const stream = {
  ...{ isTTY: true, columns: 200, rows: 60, writableLength: 0 },
  write: (text) => writeSync(devNull, text) > 0,
  on: () => stream,
  off: () => stream,
}
const form = { isRich: true, hasColour: true }
const reporter = process.argv[2] === 'screen' ? terminalReporter({ stream, form, clock, isInForeground }) : undefined
const state = initialState(start)
let seq = 0
const record = (event) => {
  const stamped = { v: 1, seq: ++seq, at: clock.now(), ms: clock.monotonic(), ...event }
  apply(state, stamped)
  reporter?.record(stamped, state)
}

const workspace = '/home/me/.cache/autopilot/workspaces/shop-1a2b'
const texts = [
  'I have read the tests, and now I change how the session is kept between two visits of the same person. '.repeat(4),
  '画面の部品を読んでから、テストを書きます。それから全部をもう一度確かめます。'.repeat(4),
]
const said = (number) => {
  const slot = number % slotCount
  const of = { taskId: ids[slot], attempt: 1 }
  if (number % 10 === 9)
    return { type: 'agent_reported', ...of, event: { type: 'text', text: texts[number % 20 === 9 ? 0 : 1] } }
  if (number % 10 === 4) {
    const usage = { inputTokens: number * 10, cachedInputTokens: 0, outputTokens: number, costUsd: number / 1000 }
    return { type: 'agent_used', ...of, provider: 'claude', usage }
  }
  const target = `${workspace}/${slot}/src/part-${number % 97}/file-${number % 31}.ts`
  return { type: 'agent_reported', ...of, event: { type: 'tool', name: 'Edit', target } }
}

record(start)
slots.forEach((slot, index) => {
  const agent = { provider: 'claude', model: 'opus' }
  record({ type: 'attempt_started', taskId: ids[index], attempt: 1, slot, agent, workspace: `${workspace}/${index}` })
})
const before = process.cpuUsage()
for (let number = 0; number < seconds * eventsPerSecond; number++) {
  // So that the kinds of events fall on all slots.
  record(said(number + Math.floor(number / slotCount)))
  clock.advance(1000 / eventsPerSecond)
}
const { user, system } = process.cpuUsage(before)
reporter?.close()
process.stdout.write(JSON.stringify({ cpu: [(user + system) / 1000 / seconds] }))

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readJournal } from '../autopilot.js'
import { memoryOfTree } from '../memory.js'
import { runRealAgents, whyNotInstalled } from '../real-agents.js'

const slots = 5

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = ['codex', 'copilot'].map((cli) => ({
  id: 'p',
  title: `${slots} workers with a server of ${cli} each`,
  whyNot: async (place) =>
    process.platform === 'linux' ? whyNotInstalled(place, cli) : 'only Linux tells the memory of a tree',
  baselines: { 'one-shot': (stage) => memory(stage, cli, []) },
  run: (stage) => memory(stage, cli, ['--workers']),
  rows: [
    { title: 'memory of the whole tree, all agents at work', metric: 'atWork', unit: 'MB' },
    { title: 'memory of the whole tree, no agent at work', metric: 'atRest', unit: 'MB' },
  ],
}))

async function memory(stage, cli, flags) {
  // Until it opens, no task is done, so the run goes on while all agents rest.
  const gate = join(stage.dir, 'open')
  const files = { 'autopilot.yaml': `gates: ["until [ -e '${gate}' ]; do sleep 0.05; done"]\nbase_gates: skip\n` }
  const samples = {}
  await runRealAgents(stage, {
    ...{ cli, count: slots, slots, flags, files },
    async inTheMiddle({ pid, root, release }) {
      samples.atWork = [memoryOfTree(pid)]
      release()
      await untilAllRest(root)
      samples.atRest = [memoryOfTree(pid)]
      writeFileSync(gate, '')
    },
  })
  return samples
}

async function untilAllRest(root) {
  for (;;) {
    const finished = readJournal(root).filter(({ type }) => type === 'agent_finished').length
    if (finished === slots) return
    await delay(20)
  }
}

import { handovers, readJournal, standIns } from '../autopilot.js'
import { runInWorkspaces } from '../parallel-work.js'

const workloads = {
  '10 x 1 s on 5 slots': { slots: 5, commands: standIns(10, 1), most: { p50: 12, p99: 50 } },
  '40 x 0.2 s on 10 slots': { slots: 10, commands: standIns(40, 0.2), most: { p50: 12, p99: 60 } },
}

const below = (ms) => ({ text: `<= ${ms} ms`, limit: () => ms })

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = Object.entries(workloads).map(([name, { most, ...workload }]) => ({
  id: 'e',
  title: `from an agent's exit to the next spawn on its slot, ${name}`,
  baselines: {},
  run: async (stage) => ({ gap: handovers(readJournal((await runInWorkspaces(stage, workload)).root)) }),
  rows: [
    { title: 'p50', metric: 'gap', unit: 'ms', target: below(most.p50) },
    { title: 'p99', metric: 'gap', unit: 'ms', percentile: 99, target: below(most.p99) },
  ],
}))

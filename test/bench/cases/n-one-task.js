import { standIns } from '../autopilot.js'
import { runInWorkspaces } from '../parallel-work.js'

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'n',
    title: 'one task that takes no time, in a workspace: the whole run',
    baselines: {},
    run: async (stage) => (await runInWorkspaces(stage, { slots: 1, commands: standIns(1, 0) })).times,
    rows: [
      { title: 'wall time', metric: 'wall', unit: 'ms' },
      { title: 'processor time of the whole tree', metric: 'cpu', unit: 'ms' },
    ],
  },
]

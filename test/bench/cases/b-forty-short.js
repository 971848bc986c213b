import { standIns } from '../autopilot.js'
import { runInWorkspaces, standInsAlone, xargsMerge } from '../parallel-work.js'

const [slots, count, seconds] = [10, 40, 0.2]
const commands = standIns(count, seconds)
const xargs = 'xargs, worktrees, merge'
const besideXargs = { text: `<= 1 x ${xargs}`, limit: ({ baseline }) => baseline(xargs) }

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'b',
    title: '40 x 0.2 s on 10 slots, a repository of 30 files, a workspace each',
    baselines: {
      'stand-ins alone': (stage) => standInsAlone(stage, { slots, commands }),
      [xargs]: (stage) => xargsMerge(stage, { slots, count, seconds }),
    },
    run: async (stage) => (await runInWorkspaces(stage, { slots, commands })).times,
    rows: [
      {
        title: 'wall time',
        metric: 'wall',
        unit: 'ms',
        target: besideXargs,
      },
      { title: 'processor time of the whole tree', metric: 'cpu', unit: 'ms', target: besideXargs },
    ],
  },
]

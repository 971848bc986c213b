import { standIns } from '../autopilot.js'
import { runInWorkspaces, standInsAlone, xargsMerge } from '../parallel-work.js'

const [slots, count, seconds] = [5, 10, 1]
const commands = standIns(count, seconds)

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'a',
    title: '10 x 1 s on 5 slots, a repository of 30 files, a workspace each',
    baselines: {
      'stand-ins alone': (stage) => standInsAlone(stage, { slots, commands }),
      'xargs, worktrees, merge': (stage) => xargsMerge(stage, { slots, count, seconds }),
    },
    run: async (stage) => (await runInWorkspaces(stage, { slots, commands })).times,
    rows: [
      {
        title: 'wall time',
        metric: 'wall',
        unit: 'ms',
        target: { text: '<= 1.15 x stand-ins alone', limit: ({ baseline }) => 1.15 * baseline('stand-ins alone') },
      },
      { title: 'processor time of the whole tree', metric: 'cpu', unit: 'ms' },
    ],
  },
]

import { standIns } from '../autopilot.js'
import { runInWorkspaces, xargsMerge } from '../parallel-work.js'

const [slots, seconds] = [10, 0.05]
const xargs = 'xargs, worktrees, merge'

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'l',
    title: '100 x 0.05 s on 10 slots, a repository of 30 files, a workspace each',
    baselines: { [xargs]: (stage) => xargsMerge(stage, { slots, count: 100, seconds }) },
    run: async (stage) => (await runInWorkspaces(stage, { slots, commands: standIns(100, seconds) })).times,
    rows: [
      {
        title: 'wall time',
        metric: 'wall',
        unit: 'ms',
        target: { text: `<= 0.75 x ${xargs}`, limit: ({ baseline }) => 0.75 * baseline(xargs) },
      },
    ],
  },
  {
    id: 'l',
    title: '400 x 0.05 s on 10 slots, a repository of 30 files, a workspace each',
    baselines: {},
    async run(stage) {
      const { wall } = (await runInWorkspaces(stage, { slots, commands: standIns(400, seconds) })).times
      return { each: wall.map((ms) => ms / 400) }
    },
    rows: [
      {
        title: 'wall time, a task',
        metric: 'each',
        unit: 'ms',
        target: { text: '<= 25 ms (40 tasks a second)', limit: () => 25 },
      },
    ],
  },
]

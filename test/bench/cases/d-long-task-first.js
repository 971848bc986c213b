import { readJournal, standIn, standIns } from '../autopilot.js'
import { runInWorkspaces, standInsAlone } from '../parallel-work.js'

const slots = 5
const commands = [standIn(100, 5), ...standIns(9, 1)]

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'd',
    title: 'a task of 5 s that stands first, and nine of 1 s, on 5 slots',
    baselines: { 'stand-ins alone': (stage) => standInsAlone(stage, { slots, commands }) },
    async run(stage) {
      const { root, measured } = await runInWorkspaces(stage, { slots, commands })
      const first = readJournal(root).find(({ type }) => type === 'agent_spawned')
      return { wall: [measured.wallMs], startup: [first.at - measured.startedAt] }
    },
    rows: [
      {
        title: 'wall time',
        metric: 'wall',
        unit: 'ms',
        target: { text: '<= 1.1 x 5 s plus start-up', limit: ({ ours }) => 1.1 * 5000 + ours('startup') },
      },
      { title: 'start-up: from the command to the first agent', metric: 'startup', unit: 'ms' },
    ],
  },
]

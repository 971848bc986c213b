import { watchedRun } from '../watched-run.js'

const [slots, seconds] = [200, 68]
const commands = Array.from({ length: slots }, (_, index) => ({ id: `t${index + 1}`, run: `sleep ${seconds}` }))

const below = (most, text) => ({ text: `<= ${text}`, limit: () => most })

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'j',
    title: `${slots} agents that say nothing for ${seconds} s, all at once`,
    baselines: {},
    async run(stage) {
      const { cpu, stall, peak } = await watchedRun(stage, { slots, commands })
      return { cpu: [cpu], stall: [stall], peak: [peak] }
    },
    rows: [
      { title: 'processor time of autopilot', metric: 'cpu', unit: 'ms', target: below(2500, '2.5 s') },
      {
        title: 'stall of the event loop, greatest',
        metric: 'stall',
        unit: 'ms',
        percentile: 100,
        target: below(100, '100 ms'),
      },
      { title: 'peak memory of autopilot', metric: 'peak', unit: 'MB', percentile: 100, target: below(150, '150 MB') },
    ],
  },
]

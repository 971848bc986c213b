import { watchedRun } from '../watched-run.js'

const slots = 5
const few = '1,000 x the same'

/** What one task took. */
async function perTask(stage, count) {
  const commands = Array.from({ length: count }, (_, index) => ({
    id: `t${index + 1}`,
    run: 'true',
    status: 'pending',
  }))
  const { treeMs, written, stall } = await watchedRun(stage, { slots, commands })
  return { cpu: [treeMs / count], written: [written / count / 1000], stall: [stall] }
}

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'k',
    title: '20,000 x `run: "true"` on 5 slots, each with a status in the file',
    baselines: { [few]: (stage) => perTask(stage, 1_000) },
    run: (stage) => perTask(stage, 20_000),
    rows: [
      {
        title: 'processor time of the whole tree, a task',
        metric: 'cpu',
        unit: 'ms',
        target: { text: `<= 1.1 x ${few}`, limit: ({ baseline }) => 1.1 * baseline(few) },
      },
      {
        title: 'written to the disk by autopilot, a task',
        metric: 'written',
        unit: 'KB',
        target: { text: '<= 15 KB', limit: () => 15 },
      },
      {
        title: 'stall of the event loop, greatest',
        metric: 'stall',
        unit: 'ms',
        percentile: 100,
        target: { text: '<= 200 ms', limit: () => 200 },
      },
    ],
  },
]

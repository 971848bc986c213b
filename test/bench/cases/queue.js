import { readJournal, runRoadmap, roadmapText, standIns } from '../autopilot.js'
import { commitsOn, smallRepository } from '../small-repository.js'

const [sizes, shares, judges] = [
  [8, 16, 32],
  [0, 0.05, 0.1, 0.2],
  [1, 2, 4],
]

/**
 * Gate runs and rounds of prefix search for so many candidates, such a share of which fails, and so many trees judged at
 * once: means of 3,000 simulations by another program, of a whole batch, without second runs.
 */
const reference = {
  '8 0': { 1: [1, 1], 2: [2, 1], 4: [4, 1] },
  '8 0.05': { 1: [2.5, 2.5], 2: [3.6, 1.9], 4: [5.5, 1.7] },
  '8 0.1': { 1: [3.9, 3.9], 2: [5.0, 2.7], 4: [6.8, 2.4] },
  '8 0.2': { 1: [6.5, 6.5], 2: [7.7, 4.3], 4: [9.5, 3.5] },
  '16 0.05': { 1: [4.7, 4.7], 2: [6.2, 3.2], 4: [8.7, 2.5] },
  '16 0.1': { 1: [8.2, 8.2], 2: [9.9, 5.3], 4: [13, 3.9] },
  '32 0.05': { 1: [9.8, 9.8], 2: [12, 6.6], 4: [16.3, 4.9] },
}

const combinations = sizes.flatMap((size) =>
  shares.flatMap((share) => judges.map((atOnce) => ({ size, share, atOnce, key: `${size} ${share} ${atOnce}` }))),
)

function referenceSamples() {
  const samples = {}
  for (const { size, share, atOnce, key } of combinations) {
    const [runs, rounds] = reference[`${size} ${share}`]?.[atOnce] ?? []
    if (runs !== undefined) Object.assign(samples, { [`${key} runs`]: [runs], [`${key} rounds`]: [rounds] })
  }
  return samples
}

/** One at a time, each is judged, and once more before it is refused. */
function oneAtATime() {
  const entries = combinations.map(({ size, share, key }) => [`${key} real`, [size * (1 + share)]])
  return Object.fromEntries(entries)
}

async function simulated(stage) {
  const what = JSON.stringify({ sizes, shares, judges, games: 1000 })
  return JSON.parse((await stage.execute(['node', await stage.bundle('merge-queue'), what])).stdout)
}

/** All are printed; the page has room for some. */
const onPage = ({ size, share }) => size === 16 && (share === 0.05 || share === 0.1)

const shown = ({ size, share, atOnce }) => `${size} of which ${share * 100} % fail, ${atOnce} judged at once`

const [count, seconds] = [10, 0.5]

/** From the end of the last agent to the last landing, in ms. */
async function landings(stage, flags) {
  const commands = standIns(count, 0.1)
  const gates = JSON.stringify({ gates: [`sleep ${seconds}`], gate_jobs: 1, base_gates: 'skip' })
  const root = smallRepository(stage, roadmapText(commands), { 'autopilot.yaml': gates })
  await runRoadmap(stage, root, { slots: count, commands, flags })
  const arrived = commitsOn(stage, root, 'autopilot/main')
  if (arrived !== count) throw new Error(`${arrived} of ${count} commits arrived`)
  const records = readJournal(root)
  const last = (wanted) => Math.max(...records.filter(({ type }) => type === wanted).map(({ ms }) => ms))
  return { landing: [last('task_integrated') - last('agent_exited')] }
}

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'queue',
    title: 'the merge queue simulated, candidates judged all together',
    baselines: { 'the reference': () => Promise.resolve(referenceSamples()) },
    run: simulated,
    rows: combinations.flatMap((each) => [
      { title: `${shown(each)}: gate runs`, metric: `${each.key} runs`, unit: 'runs', onPage: onPage(each) },
      ...(each.atOnce === 1
        ? []
        : [{ title: `${shown(each)}: rounds`, metric: `${each.key} rounds`, unit: 'rounds', onPage: false }]),
    ]),
  },
  {
    id: 'queue',
    title: 'the merge queue simulated as it is: at most 16 together, second runs included',
    baselines: { 'one at a time': () => Promise.resolve(oneAtATime()) },
    run: simulated,
    rows: combinations.map((each) => ({
      title: `${shown(each)}: gate runs`,
      metric: `${each.key} real`,
      unit: 'runs',
      onPage: onPage(each),
    })),
  },
  {
    id: 'queue',
    title: `${count} tasks that end at once, a gate of ${seconds} s, one gate at a time`,
    baselines: { '--merge-batch 1': (stage) => landings(stage, ['--merge-batch', '1']) },
    run: (stage) => landings(stage, []),
    rows: [
      {
        title: 'from the last agent’s end to the last landing',
        metric: 'landing',
        unit: 'ms',
        target: { text: '<= 0.5 x --merge-batch 1', limit: ({ baseline }) => 0.5 * baseline('--merge-batch 1') },
      },
    ],
  },
]

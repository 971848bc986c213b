// Runs benchmarks side by side: in each round first every baseline, then autopilot, so that whatever else the machine
// does falls on all of them alike.
import { execFileSync } from 'node:child_process'
import { percentile } from './statistics.js'
import { createStage } from './stage.js'

/**
 * @typedef {Record<string, number[]>} Samples by metric
 * @typedef {(stage: import('./stage.js').Stage) => Promise<Samples>} Side
 *
 * @typedef {object} Row
 * @property {string} title
 * @property {string} metric
 * @property {'ms' | 'MB' | 'KB' | 'runs' | 'rounds'} unit
 * @property {number} [percentile] of the samples of all rounds; the median unless told
 * @property {boolean} [onPage] false: printed, but not on the page of the documentation
 * @property {Target} [target] without one, the row is there to be known
 *
 * @typedef {object} Target
 * @property {string} text
 * @property {(sides: { baseline: (name: string) => number, ours: (metric: string) => number }) => number} limit
 *   in the row's unit, from the row's metric of a baseline and from medians of our own; NaN when it cannot be known
 *
 * @typedef {object} Benchmark
 * @property {string} id
 * @property {string} title
 * @property {Record<string, Side>} baselines
 * @property {Side} run
 * @property {readonly Row[]} rows
 * @property {(place: Place) => Promise<string | undefined>} [whyNot] why this machine cannot measure it
 *
 * @typedef {Omit<Parameters<typeof createStage>[0], 'number'>} Place
 *
 * @typedef {object} Result
 * @property {string} id
 * @property {string} benchmark
 * @property {string} row
 * @property {string} statistic
 * @property {number} samples
 * @property {string} unit
 * @property {number} ours
 * @property {boolean} onPage
 * @property {string | undefined} whyNot why it was not measured
 * @property {Record<string, { value: number, ratio: number }>} baselines
 * @property {{ text: string, limit: number, met: boolean, over: number } | undefined} target `over`: share above the limit
 */

/**
 * @param {Benchmark} benchmark
 * @param {{ rounds: number, place: Place, onRound: (round: number) => void }} options
 * @returns {Promise<Result[]>}
 */
export async function measure(benchmark, { rounds, place, onRound }) {
  const whyNot = await benchmark.whyNot?.(place)
  if (whyNot !== undefined) return benchmark.rows.map((row) => ({ ...resultOf(benchmark, row, {}), whyNot }))
  const sides = { ...benchmark.baselines, autopilot: benchmark.run }
  const samples = Object.fromEntries(Object.keys(sides).map((name) => [name, {}]))
  const stages = []
  try {
    for (let round = 1; round <= rounds; round++) {
      onRound(round)
      for (const [name, side] of Object.entries(sides)) {
        const stage = createStage({ ...place, number: ++number })
        stages.push(stage)
        // Writes that the previous side left behind must not slow this one down.
        execFileSync('sync')
        collect(samples[name], await side(stage))
      }
    }
  } finally {
    // Not earlier: for minutes ext4 steps around every inode just deleted, and making files takes ten times as long
    // (`recently_deleted` in fs/ext4/ialloc.c; seen with 20,000 files: 0.5 s became 5 to 10 s).
    for (const stage of stages) stage.remove()
  }
  return benchmark.rows.map((row) => resultOf(benchmark, row, samples))
}

let number = 0

function collect(into, samples) {
  for (const [metric, values] of Object.entries(samples)) (into[metric] ??= []).push(...values)
}

function resultOf({ id, title, baselines }, row, samples) {
  const { metric, unit, percentile: percent = 50, onPage = true } = row
  const valueOf = (side, name = metric) => {
    const values = samples[side]?.[name]
    return values === undefined ? NaN : percentile(values, percent)
  }
  const ours = valueOf('autopilot')
  const beside = Object.keys(baselines).flatMap((name) => {
    const value = valueOf(name)
    return Number.isNaN(value) ? [] : [[name, { value, ratio: ours / value }]]
  })
  return {
    id,
    benchmark: title,
    row: row.title,
    statistic: percent === 50 ? 'median' : percent === 100 ? 'greatest' : `p${percent}`,
    samples: samples.autopilot?.[metric].length ?? 0,
    unit,
    ours,
    onPage,
    baselines: Object.fromEntries(beside),
    target: row.target && judge(row.target, ours, valueOf),
  }
}

function judge({ text, limit }, ours, valueOf) {
  const most = limit({ baseline: (name) => valueOf(name), ours: (metric) => valueOf('autopilot', metric) })
  return { text, limit: most, met: ours <= most, over: ours / most - 1 }
}

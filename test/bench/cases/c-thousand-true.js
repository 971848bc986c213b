import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runRoadmap } from '../autopilot.js'
import { isInstalled } from '../installed.js'
import { stageFile } from '../stage.js'

const [slots, count] = [5, 1000]
const commands = Array.from({ length: count }, (_, index) => ({ id: `t${index + 1}`, run: 'true' }))

const timesOf = ({ wallMs, cpuMs }) => ({ wall: [wallMs], cpu: [cpuMs] })

async function withCommands(stage, command) {
  const stdin = stageFile(stage, 'commands.txt', 'true\n'.repeat(count))
  return timesOf(await stage.execute(command, { stdin }))
}

const gnuParallel = isInstalled('parallel', /GNU parallel/)

/** A file says how far a task is, or says nothing: then `status: done` is a new line in it. */
const files = { 'each with a status in the file': { status: 'pending' }, 'without a status in the file': {} }

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = Object.entries(files).map(([how, extra]) => ({
  id: 'c',
  title: `1,000 x \`run: "true"\` on 5 slots, ${how}, isolation none, journal and write-back on`,
  baselines: {
    ...(gnuParallel
      ? { 'GNU parallel': (stage) => withCommands(stage, ['parallel', '--will-cite', '-j', String(slots)]) }
      : {}),
    xargs: (stage) => withCommands(stage, ['xargs', '-P', String(slots), '-I', '{}', '/bin/sh', '-c', '{}']),
  },
  async run(stage) {
    const directory = join(stage.dir, 'plain')
    mkdirSync(directory)
    const withStatus = commands.map((command) => ({ ...command, ...extra }))
    return timesOf(await runRoadmap(stage, directory, { slots, commands: withStatus, isolation: 'none' }))
  },
  rows: [
    {
      title: 'wall time',
      metric: 'wall',
      unit: 'ms',
      target: gnuParallel
        ? { text: '<= 0.8 x GNU parallel', limit: ({ baseline }) => 0.8 * baseline('GNU parallel') }
        : { text: '<= 0.8 x GNU parallel (not installed)', limit: () => NaN },
    },
    { title: 'processor time of the whole tree', metric: 'cpu', unit: 'ms' },
  ],
}))

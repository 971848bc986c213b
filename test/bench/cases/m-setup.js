import { readJournal, roadmapText, runRoadmap, standIns } from '../autopilot.js'
import { stageFile } from '../stage.js'
import { commitsOn, smallRepository } from '../small-repository.js'

const [slots, count, seconds] = [4, 7, 0.1]
const commands = standIns(count, seconds)

// What a package manager does: it waits for a network, and makes many files.
const setup = `sleep 7
for folder in $(seq 200); do
  mkdir -p "deps/$folder"
  seq 100 | split -l 1 - "deps/$folder/file-"
done
`
const config = `setup: { run: sh setup.sh, inputs: [setup.sh, deps.lock] }
gates: [sleep 5]
`
const files = { 'autopilot.yaml': config, 'setup.sh': setup, 'deps.lock': '1\n', '.gitignore': 'deps/\n' }

/** How much the fingerprint of so many files costs. */
async function look(stage) {
  const script = stageFile(stage, 'setup.sh', setup.replace(/^sleep .*$/m, ''))
  await stage.execute(['sh', script], { cwd: stage.tmp })
  const probe = await stage.bundle('kept')
  return JSON.parse((await stage.execute(['node', probe, stage.tmp, `${stage.dir}/fingerprint`])).stdout)
}

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'm',
    title: `a setup of 8 s that makes 20,000 files, a gate of 5 s, ${count} x ${seconds} s on ${slots} slots`,
    baselines: {},
    async run(stage) {
      const root = smallRepository(stage, roadmapText(commands), files)
      const { wallMs, cpuMs } = await runRoadmap(stage, root, { slots, commands })
      const arrived = commitsOn(stage, root, 'autopilot/main')
      if (arrived !== count) throw new Error(`${arrived} of ${count} commits arrived`)
      const setups = readJournal(root).filter(({ type, what }) => type === 'command_spawned' && what === 'setup')
      return { wall: [wallMs], cpu: [cpuMs], setups: [setups.length], ...(await look(stage)) }
    },
    rows: [
      { title: 'wall time', metric: 'wall', unit: 'ms', target: { text: '<= 26 s', limit: () => 26_000 } },
      { title: 'setups that ran', metric: 'setups', unit: 'runs', target: { text: '<= 6', limit: () => 6 } },
      {
        title: 'processor time of a look at 20,000 files that it made',
        metric: 'look',
        unit: 'ms',
        target: { text: '<= 150 ms', limit: () => 150 },
      },
      { title: 'processor time of the whole tree', metric: 'cpu', unit: 'ms' },
    ],
  },
]

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const [printedMb, boundMb] = [400, 200]
const zeros = `head -c ${printedMb * 1_000_000} /dev/zero`
const inLines = `${zeros} | tr '\\0' x | sed 's/.\\{1000\\}/&\\n/g'`
const inOneLine = `${zeros} | tr '\\0' x`

/** The most memory that a process has ever had, in MB. */
function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

test.runIf(existsSync('/proc/self/status'))(
  'of 800 MB of output, half of it one line, autopilot holds little in memory and stores 50 MB per agent, where reading it all holds it all',
  async () => {
    const agents = await rig()
    const loud = (id: string, command: string) =>
      `  - { id: ${id}, expects: no_change, run: ${JSON.stringify(command)} }\n`
    const roadmap = `${riggedRoadmap(agents, ['last'])}${loud('lines', inLines)}${loud('line', inOneLine)}`
    const stage = scene({ roadmap })
    const running = stage.start(['run', '-a', '3', '--output', 'json'])
    const last = await agents.next('last')
    for (const id of ['lines', 'line']) await running.saw('agent_exited', ({ taskId }) => taskId === id)
    const peak = peakOf(running.pid)
    await last.write('last.txt', 'last')
    await last.exit(0)
    expect((await running.ended).code).toBe(0)
    expect(peak).toBeLessThan(boundMb)
    const runs = join(stage.repo.dir, '.autopilot/runs')
    const logs = readdirSync(runs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('stdout.log'))
    const sizes = logs.map((name) => statSync(join(runs, name)).size).filter((size) => size > 0)
    expect(sizes).toHaveLength(2)
    for (const size of sizes) expect(Math.round(size / 1024 / 1024)).toBe(50)

    // The control: a program that collects what one of them prints.
    const reader = `
      const { stdout } = require('node:child_process').spawnSync('sh', ['-c', process.argv[1]], { maxBuffer: Infinity })
      console.log(stdout.length / 1e6, process.resourceUsage().maxRSS / 1024)`
    const answer = spawnSync(process.execPath, ['-e', reader, inOneLine], { encoding: 'utf8' }).stdout
    const [length, held] = answer.split(' ').map(Number)
    expect(length).toBe(printedMb)
    expect(held).toBeGreaterThan(boundMb)
  },
  180_000,
)

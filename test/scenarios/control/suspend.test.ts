// Ctrl-Z, fg and bg: what a run has started stands still with it, and goes on with it.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isAlive, programFile, recordsOf } from '../../support/rigs/program.js'
import { until } from '../../support/rigs/until.js'
import { everyWay } from '../../support/scenes/every-way.js'
import { journalHas, recordsOf as journalOf } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

/** Field 3 of proc(5)'s stat; `T` is stopped. */
function stateOf(pid: number): string {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
  return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? ''
}

const areStopped = (pids: readonly number[]) => pids.every((pid) => stateOf(pid) === 'T')
const noneIsStopped = (pids: readonly number[]) => pids.every((pid) => stateOf(pid) !== 'T')

/** A shell with job control on a terminal of its own, which is typed into. */
function shellOn(stage: Scene) {
  const child = spawn('/usr/bin/script', ['-qfec', '/bin/bash --norc --noprofile -i', '/dev/null'], {
    cwd: stage.repo.dir,
    env: { ...stage.env, TERM: 'dumb', PS1: '$ ', PATH: `${stage.env.PATH}:/usr/bin:/bin` },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await gone
    // Its terminal is gone, which ends a run.
    await until(() => ofRun(stage).length === 0, 'nothing of the run is left')
  })
  return { type: (text: string) => void child.stdin.write(text), shown: () => shown }
}

/** The processes that name a directory of the scene's runs. */
function ofRun(stage: Scene): readonly string[] {
  const place = join(stage.repo.dir, '.autopilot', 'runs')
  return readdirSync('/proc').filter((name) => {
    const read = (file: string) => {
      try {
        return readFileSync(join('/proc', name, file), 'utf8')
      } catch {
        return ''
      }
    }
    return /^\d+$/.test(name) && (read('cmdline').includes(place) || read('environ').includes(place))
  })
}

const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ')

describe.each(everyWay)('%s', (_, flags) => {
  test('Ctrl-Z stops the agents, their children and their workers with the run, and fg continues them all', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
    const shell = shellOn(stage)
    shell.type(`${quoted([process.execPath, programFile, 'run', '-a', '2', ...flags])}\n`)
    const [one, two] = [await agents.next('one'), await agents.next('two')]
    const child = await one.spawnChild({ setsid: true })
    await journalHas(stage, /"agent_spawned".*\n.*"agent_spawned"|"agent_spawned"/)
    const workers = journalOf(stage).flatMap((record) => (record.type === 'worker_started' ? [record.pid] : []))
    const pids = [one.pid, two.pid, child.pid, ...workers]
    shell.type('\x1a')
    await until(() => areStopped(pids), 'all that the run has started is stopped')
    await until(() => shell.shown().includes('Stopped'), 'the shell has its terminal back')
    shell.type('fg\n')
    await until(() => noneIsStopped(pids), 'all goes on')
    await journalHas(stage, /"run_continued"/)
    for (const agent of [one, two]) {
      await agent.write(`${agent.name}.txt`, agent.name)
      await agent.exit(0)
    }
    await journalHas(stage, /"run_finished","exitCode":0|"run_finished".*"exitCode":0/)
  })

  test('a stopped run that is killed leaves nothing behind, neither running nor stopped', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
    const shell = shellOn(stage)
    shell.type(`${quoted([process.execPath, programFile, 'run', ...flags])} & echo "pid $!"\n`)
    const one = await agents.next('one')
    const child = await one.spawnChild({ setsid: true })
    await until(() => /^pid \d+/m.test(shell.shown()), 'the shell says the pid')
    const pid = Number(/^pid (\d+)/m.exec(shell.shown())![1])
    shell.type('fg\n')
    await until(() => shell.shown().includes('fg'), 'it is in the foreground')
    shell.type('\x1a')
    const pids = [pid, one.pid, child.pid]
    await until(() => areStopped(pids), 'all is stopped')
    process.kill(pid, 'SIGKILL')
    await until(() => pids.every((each) => !isAlive(each)), 'all is gone')
    // Watchdogs, and whatever else has the run's directory on its command line or in its environment.
    await until(() => ofRun(stage).length === 0, 'nothing of the run is left')
  })
})

test('bg continues a stopped run in the background, to its end', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const shell = shellOn(stage)
  shell.type(`${quoted([process.execPath, programFile, 'run'])}\n`)
  const one = await agents.next('one')
  shell.type('\x1a')
  await until(() => areStopped([one.pid]), 'the agent is stopped')
  await until(() => shell.shown().includes('Stopped'), 'the shell has its terminal back')
  shell.type('bg\n')
  await until(() => noneIsStopped([one.pid]), 'the agent goes on')
  await one.write('one.txt', 'one')
  await one.exit(0)
  await journalHas(stage, /"run_finished".*"exitCode":0/)
})

test('time limits stand still while a run is stopped', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const limits = ['--time-limit', '6s', '--timeout', '5s', '--idle-timeout', '5s']
  const shell = shellOn(stage)
  shell.type(`${quoted([process.execPath, programFile, 'run', '-i', '1', ...limits])}\n`)
  const one = await agents.next('one')
  shell.type('\x1a')
  await until(() => areStopped([one.pid]), 'the agent is stopped')
  await until(() => shell.shown().includes('Stopped'), 'the shell has its terminal back')
  const status = JSON.parse((await stage.run(['status', '--output', 'json'])).stdout) as { stopped?: true }
  expect(status.stopped).toBe(true)
  // Longer than any of the limits.
  await new Promise((resolve) => setTimeout(resolve, 7_000))
  shell.type('fg\n')
  await journalHas(stage, /"run_continued"/)
  await one.write('one.txt', 'one')
  await one.exit(0)
  await journalHas(stage, /"run_finished"/)
  const records = journalOf(stage)
  const finished = records.at(-1)!
  expect(finished).toMatchObject({ type: 'run_finished', exitCode: 0 })
  const continued = records.find((record) => record.type === 'run_continued')!
  expect(continued.stoppedMs).toBeGreaterThan(6_500)
  // The run's own time has not gone on, the wall's has.
  expect(finished.at - records[0]!.at - finished.ms).toBeGreaterThan(6_500)
})

test('without anybody who could continue it, SIGTSTP stops nothing for long', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  // In a session of its own, and so in an orphaned process group.
  const running = stage.start(['run', '--output', 'json'], { isAlone: true })
  const one = await agents.next('one')
  running.kill('SIGTSTP')
  await until(() => noneIsStopped([one.pid, running.pid]), 'nothing is stopped')
  await one.write('one.txt', 'one')
  await one.exit(0)
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'run_continued')).toEqual([])
})

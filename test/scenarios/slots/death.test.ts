// How autopilot and its agents die: nothing is left over.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import type { FakeAgent } from '../../support/fakes/fake-agent.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { isAlive, type Running } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { childrenOf } from '../../support/rigs/processes.js'
import { until } from '../../support/rigs/until.js'

/** The processes that autopilot itself has started and that read its pipe: its watchdog. */
function watchdogsOf(autopilot: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
        return Number(parent) === autopilot && words.includes('autopilot-watchdog') ? [Number(name)] : []
      } catch {
        return []
      }
    })
}

const isGone = (pid: number) => !isAlive(pid)

/** What an agent can leave behind: a child, one in a session of its own, and one with neither parent nor environment. */
async function withDescendants(agent: FakeAgent): Promise<readonly number[]> {
  const near = await agent.spawnChild()
  const far = await agent.spawnChild({ setsid: true, holdsPipes: false })
  const bare = '/usr/bin/setsid env -i /bin/sleep 1000 >/dev/null 2>&1 & echo $!'
  const forked = Number(await agent.run('sh', '-c', bare))
  return [agent.pid, near.pid, far.pid, forked]
}

/** The journal of the only run. */
function journalFile(stage: Scene): string {
  const runs = join(stage.repo.dir, '.autopilot', 'runs')
  return join(runs, readdirSync(runs)[0]!, 'journal.jsonl')
}

function journalLines(stage: Scene): readonly string[] {
  return readFileSync(journalFile(stage), 'utf8').split('\n').slice(0, -1)
}

/** Two agents at work, with descendants of every kind. */
async function atWork(stageOf: (roadmap: string) => Scene = (roadmap) => scene({ roadmap })) {
  const agents = await rig()
  const stage = stageOf(riggedRoadmap(agents, ['one', 'two']))
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  const [one, two] = [await agents.next('one'), await agents.next('two')]
  await Promise.all([one.ignore('SIGTERM'), two.ignore('SIGTERM')])
  const pids = [...(await withDescendants(one)), ...(await withDescendants(two))]
  return { agents, stage, running, pids }
}

/** Kills autopilot so that its watchdog dies before it can do anything. */
function killBoth(running: Running): void {
  running.kill('SIGSTOP')
  for (const pid of watchdogsOf(running.pid)) process.kill(pid, 'SIGKILL')
  running.kill('SIGKILL')
}

describe.runIf(process.platform === 'linux')('when autopilot is killed', () => {
  test('nothing that its agents started lives on, wherever it went', async () => {
    const { running, pids } = await atWork()
    expect(pids.filter(isGone)).toEqual([])
    running.kill('SIGKILL')
    await running.ended
    await until(() => pids.every(isGone), 'all of them are gone')
  })

  test('it is the watchdog that ends them: without it they live', async () => {
    const { running, pids } = await atWork()
    const [watchdog] = watchdogsOf(running.pid)
    process.kill(watchdog!, 'SIGSTOP')
    running.kill('SIGKILL')
    await running.ended
    expect(pids.filter(isGone)).toEqual([])
    process.kill(watchdog!, 'SIGCONT')
    await until(() => pids.every(isGone), 'all of them are gone')
    await until(() => isGone(watchdog!), 'the watchdog has gone, too')
  })

  test('a gate ends, too', async () => {
    const agents = await rig()
    const stage = gatedScene({ gates: [agents.command('gate')], roadmap: "tasks:\n  - { id: t, run: 'echo 1 > f' }\n" })
    const running = stage.start(['run', '--output', 'json'])
    const gate = await agents.next('gate')
    const pids = await withDescendants(gate)
    running.kill('SIGKILL')
    await until(() => pids.every(isGone), 'the gate is gone')
    await running.ended
  })

  test('a watchdog that dies is replaced by one that knows what runs', async () => {
    const { running, pids } = await atWork()
    const [first] = watchdogsOf(running.pid)
    process.kill(first!, 'SIGKILL')
    await until(() => watchdogsOf(running.pid).some((pid) => pid !== first && isAlive(pid)), 'there is another')
    running.kill('SIGKILL')
    await until(() => pids.every(isGone), 'all of them are gone')
    await running.ended
  })

  test('a run whose watchdog is ended again and again stops, with exit code 4', async () => {
    const { running } = await atWork()
    let isOver = false
    void running.ended.then(() => (isOver = true))
    const seen = new Set<number>()
    await until(() => {
      for (const pid of watchdogsOf(running.pid).filter((one) => !seen.has(one))) {
        seen.add(pid)
        process.kill(pid, 'SIGKILL')
      }
      return isOver
    }, 'the run ends')
    const { code, records } = await running.ended
    expect(code).toBe(4)
    expect(records().at(-1)).toMatchObject({ type: 'run_finished', why: expect.stringContaining('watchdog') as string })
  })

  test.runIf(existsSync('/usr/bin/script'))('a person who looks into a workspace keeps the shell', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
    const running = stage.start(['run', '--output', 'json'])
    const one = await agents.next('one')
    const pidFile = stage.repo.beside('pid')
    const shell = `cd '${one.cwd}'; echo $$ > '${pidFile}.new' && mv '${pidFile}.new' '${pidFile}'; exec cat`
    const terminal = spawn('/usr/bin/script', ['-q', '-c', shell, '/dev/null'], { cwd: '/', stdio: 'pipe' })
    onTestFinished(() => void terminal.kill('SIGKILL'))
    await until(() => existsSync(pidFile), 'the shell is there')
    const person = Number(readFileSync(pidFile, 'utf8'))
    expect(readlinkSync(`/proc/${person}/cwd`)).toBe(one.cwd)
    const [watchdog] = watchdogsOf(running.pid)
    running.kill('SIGKILL')
    await until(() => isGone(one.pid) && isGone(watchdog!), 'the agent and the watchdog are gone')
    expect(isGone(person)).toBe(false)
    await running.ended
  })
})

describe.runIf(process.platform === 'linux')('the next run', () => {
  test('ends what a run left running that was killed together with its watchdog, and says so', async () => {
    const { stage, running, pids, agents } = await atWork()
    killBoth(running)
    await running.ended
    expect(pids.filter(isGone)).toEqual([])
    const again = stage.start(['run', '-a', '2', '--output', 'json'])
    const notice = await again.saw('notice', ({ text }) => text.includes(' that an earlier run left running'))
    expect(notice.text).toMatch(/^ended 8 processes that an earlier run left running: \S+ \(\d+\), .* and 3 more$/)
    expect(pids.filter(isAlive)).toEqual([])
    for (const name of ['one', 'two']) {
      const agent = await agents.next(name)
      await agent.write(`${name}.txt`, name)
      await agent.exit()
    }
    expect((await again.ended).code).toBe(0)
  })

  test('is safe from the watchdog of a finished run, and no processes outlive it, if clean came first', async () => {
    const { stage, running, pids, agents } = await atWork()
    const [watchdog] = watchdogsOf(running.pid)
    process.kill(watchdog!, 'SIGSTOP')
    running.kill('SIGKILL')
    await running.ended
    const cleaned = await stage.run(['clean', '--lost'])
    expect(cleaned.stdout).toMatch(/^ended 8 processes that an earlier run left running: /m)
    expect(pids.filter(isAlive)).toEqual([])
    // It would mistake the next run's processes for its own: they are in the same directories.
    expect(isGone(watchdog!)).toBe(true)
    const again = stage.start(['run', '-a', '1', '--output', 'json'])
    const one = await agents.next('one')
    expect(one.cwd).toMatch(/\/1\/[0-9a-f]{8}-\d$/)
    await one.write('one.txt', 'one')
    await one.exit()
    await again.saw('task_done')
    again.kill('SIGTERM')
    await again.ended
    expect(stage.subjects()).toEqual(['one'])
  })

  test('leaves a process alone that only has the pid of one of them', async () => {
    const { stage, running, pids } = await atWork()
    killBoth(running)
    await running.ended
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
    onTestFinished(() => void stranger.kill('SIGKILL'))
    const records = journalLines(stage).map((line) => JSON.parse(line) as RunRecord)
    const [spawned] = records.filter((record) => record.type === 'agent_spawned')
    expect(spawned!.boot).toMatch(/^[0-9a-f-]{36}$/)
    const forged = journalLines(stage).map((line) => line.replace(`"pid":${spawned!.pid},`, `"pid":${stranger.pid},`))
    expect(forged.join('')).toContain(`"pid":${stranger.pid},`)
    writeFileSync(journalFile(stage), forged.map((line) => `${line}\n`).join(''))
    const again = stage.start(['run', '--output', 'json'])
    await again.saw('attempt_started')
    again.kill('SIGTERM')
    const { stdout } = await again.ended
    expect(stdout).not.toContain(' left running')
    expect(isAlive(stranger.pid!)).toBe(true)
  })
})

describe.runIf(process.platform === 'linux')('when the launcher of agents is killed', () => {
  test('they work to their end; one whose end nobody saw runs again, and no attempt is used up', async () => {
    const agents = await rig()
    const ids = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']
    const stage = scene({ roadmap: riggedRoadmap(agents, ids) })
    const running = stage.start(['run', '-a', '2', '-i', '1', '--isolation', 'none', '--output', 'json'])
    // Node starts the first ones.
    for (let started = 0; started < 8; started++) await (await agents.next()).exit()
    const [seen, unseen] = [await agents.next('nine'), await agents.next('ten')]
    const launcher = childrenOf(running.pid).find(({ command }) => command.endsWith('autopilot-launcher'))!
    const waitingFor = ({ pid }: FakeAgent) => childrenOf(launcher.pid).find((shell) => isBelow(shell.pid, pid))
    expect(waitingFor(seen)).toBeDefined()
    const pids = [launcher.pid, waitingFor(unseen)!.pid]
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await Promise.all([seen.exit(), unseen.exit()])
    await (await agents.next('ten')).exit()
    const { code, records } = await running.ended
    expect(code).toBe(0)
    expect(records().filter(({ type }) => type === 'attempt_failed')).toMatchObject([
      { counted: false, failure: { kind: 'infrastructure', message: 'Nobody saw how the agent ended.' } },
    ])
    expect(agents.started).toHaveLength(11)
  })
})

/** Whether a process descends from another. */
function isBelow(ancestor: number, pid: number): boolean {
  return childrenOf(ancestor).some((child) => child.pid === pid || isBelow(child.pid, pid))
}

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  descendants,
  isGroupAlive,
  killAll,
  processesWith,
  signalGroup,
} from '../../../../src/platform/processes/process-group.js'
import { isStopped } from '../../../../src/platform/processes/table/process-identity.js'
import { processorTimes, shareLooks, timesOf } from '../../../../src/platform/processes/table/processor-looks.js'
import { startRun } from '../../../support/rigs/process-run.js'
import { startRig, type AgentRig } from '../../../support/fakes/fake-agent.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { until } from '../../../support/rigs/until.js'

let rig: AgentRig
beforeEach(async () => {
  rig = await startRig()
})
afterEach(() => rig.close())

const hasProc = existsSync('/proc/self/stat')
const isZombie = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')

it('a group that lives is told from one that is gone', async () => {
  const run = startRun(rig)
  const agent = await rig.next()
  expect(isGroupAlive(agent.pid)).toBe(true)
  await agent.exit()
  await run.finished
  expect(isGroupAlive(agent.pid)).toBe(false)
})

it.runIf(hasProc)('a group counts as gone when only a process that nobody has reaped is left of it', async () => {
  startRun(rig)
  const agent = await rig.next()
  const child = await agent.spawnChild({ setsid: true })
  // A stopped parent does not reap, as the first process of many containers does not.
  process.kill(agent.pid, 'SIGSTOP')
  try {
    process.kill(child.pid, 'SIGKILL')
    await until(() => isZombie(child.pid), 'the child is a zombie')
    expect(isGroupAlive(child.pid)).toBe(false)
  } finally {
    process.kill(agent.pid, 'SIGCONT')
  }
})

it.runIf(hasProc)('children are found, even those in groups of their own, and their children', async () => {
  startRun(rig)
  const agent = await rig.next()
  const [near, far] = [await agent.spawnChild(), await agent.spawnChild({ setsid: true })]
  const below = await far.spawnChild()
  expect([...descendants(agent.pid)].sort()).toEqual([near.pid, far.pid, below.pid].sort())
})

it('a process or a group that is gone is no error', async () => {
  const run = startRun(rig)
  const agent = await rig.next()
  await agent.exit()
  await run.finished
  expect(() => signalGroup(agent.pid, 'SIGKILL')).not.toThrow()
  expect(() => killAll([agent.pid])).not.toThrow()
  expect(descendants(agent.pid)).toEqual([])
})

it.runIf(hasProc)('the use of a group and of those that left it is seen', async () => {
  startRun(rig)
  const agent = await rig.next()
  const far = await agent.spawnChild({ setsid: true })
  const before = (await processorTimes(agent.pid, 0)).times
  expect([...before.keys()].sort()).toEqual([agent.pid, far.pid].sort())
  // A child that has ended when the answer comes: its time counts for its parent, which waited for it.
  await far.run('sh', '-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done')
  const now = (await processorTimes(agent.pid, 0)).times
  expect(now.get(far.pid)).toBeGreaterThan(before.get(far.pid)! + 50)
})

it('a process that waits for a disk without end is not waited for: only its environment stays unknown', () => {
  const proc = tempDir()
  const add = (pid: number, state: string, parent: number, environ: string | undefined) => {
    mkdirSync(join(proc, String(pid)))
    writeFileSync(
      join(proc, String(pid), 'stat'),
      `${pid} (a) b) ${state} ${parent} ${pid} ${pid} 0 ${'0 '.repeat(40)}`,
    )
    // Nobody writes to it: whoever opens it to read waits until then.
    if (environ === undefined) execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(proc, String(pid), 'environ')])
    else writeFileSync(join(proc, String(pid), 'environ'), environ)
  }
  add(3, 'D', 2, '')
  add(10, 'S', 1, 'A=1\0MARK=x\0')
  add(11, 'S', 1, 'MARK=xy\0')
  expect(processesWith('MARK=x', proc)).toEqual({ pids: [10], isWhole: true })
  add(12, 'D', 1, undefined)
  expect(processesWith('MARK=x', proc)).toEqual({ pids: [10], isWhole: false })
})

it('one look serves all who watch, however many, until it is too old', () => {
  let looks = 0
  const all = Array.from({ length: 200 }, (_, index) => ({
    ...{ pid: index + 1, name: 'x', parent: 0, group: index + 1, state: 'S', start: '1', hasTerminal: false },
    processorMs: index,
  }))
  const look = shareLooks(() => {
    looks++
    return all
  })
  const seen = all.map(({ group }) => look(group, 60_000))
  expect(looks).toBe(1)
  expect(seen.map(({ members }) => [...timesOf(members)])).toEqual(
    all.map(({ pid, processorMs }) => [[pid, processorMs]]),
  )
  const later = look(7, -1)
  expect([looks, [...timesOf(later.members)]]).toEqual([2, [[7, 6]]])
  expect(later.ageMs).toBeGreaterThanOrEqual(0)
})

it.runIf(hasProc)('a stopped process is known as stopped, for as long as it is', async () => {
  startRun(rig)
  const agent = await rig.next()
  expect(isStopped(agent.pid)).toBe(false)
  process.kill(agent.pid, 'SIGSTOP')
  await until(() => isStopped(agent.pid), 'the agent is stopped')
  process.kill(agent.pid, 'SIGCONT')
  await until(() => !isStopped(agent.pid), 'the agent goes on')
})

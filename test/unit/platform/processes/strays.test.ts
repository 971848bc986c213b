import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startRun, type ProcessRun } from '../../../support/rigs/process-run.js'
import { startRig, type AgentRig } from '../../../support/fakes/fake-agent.js'

let rig: AgentRig
beforeEach(async () => {
  rig = await startRig()
})
afterEach(() => rig.close())

function startMarked(value: string): ProcessRun {
  return startRun(rig, { env: { PATH: process.env.PATH ?? '', MARK: value }, mark: 'MARK' })
}

describe.runIf(existsSync('/proc/self/environ'))('a process with the mark of an agent', () => {
  it('ends with that agent, even if it left its group and the agent ended well', async () => {
    const run = startMarked('attempt-1')
    const agent = await rig.next()
    const stray = await agent.spawnChild({ setsid: true, holdsPipes: false })
    const late = await stray.spawnChild({ setsid: true, holdsPipes: false })
    await agent.exit()
    const { exit, leftovers } = await run.finished
    expect(exit).toEqual({ type: 'code', code: 0 })
    expect(leftovers).toEqual([expect.stringContaining('child-1'), expect.stringContaining('child-2')])
    await Promise.all([stray.gone, late.gone])
  })

  it('also ends if the agent was killed by somebody else', async () => {
    const run = startMarked('attempt-1')
    const agent = await rig.next()
    const stray = await agent.spawnChild({ setsid: true, holdsPipes: false })
    await agent.die('SIGKILL')
    expect((await run.finished).exit).toEqual({ type: 'signal', signal: 'SIGKILL' })
    await stray.gone
  })

  it('is distinguished from one with a longer mark', async () => {
    const run = startMarked('attempt-1')
    await rig.next()
    const other = startMarked('attempt-10')
    const agent = await rig.next()
    run.end('canceled')
    expect((await run.finished).ended).toBe('canceled')
    await agent.exit(3)
    expect((await other.finished).exit).toEqual({ type: 'code', code: 3 })
  })
})

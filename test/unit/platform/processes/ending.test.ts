import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { killLivingGroups } from '../../../../src/platform/processes/process-group.js'
import { launchedBy } from '../../../support/rigs/launchers.js'
import { startGroupBy, startRun } from '../../../support/rigs/process-run.js'
import type { AgentRig } from '../../../support/fakes/fake-agent.js'
import { until } from '../../../support/rigs/until.js'

describe.each(launchedBy)('launched by $by', ({ open }) => {
  let rig: AgentRig
  startGroupBy(open, (fresh) => (rig = fresh))

  const hasProc = existsSync('/proc/self/stat')

  describe('ending an agent', () => {
    it('sends TERM, which is enough for most', async () => {
      const run = startRun(rig)
      await rig.next()
      run.end('canceled')
      expect(await run.finished).toEqual({
        exit: { type: 'signal', signal: 'SIGTERM' },
        ended: 'canceled',
        stderrTail: '',
      })
    })

    it('lets it end in its own way within the grace', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      await agent.ignore('SIGTERM')
      run.end('canceled')
      await agent.received('SIGTERM')
      await agent.say('a last word')
      await agent.exit(5)
      expect(await run.finished).toMatchObject({ exit: { type: 'code', code: 5 }, ended: 'canceled' })
      expect(run.stdout).toEqual(['a last word'])
    })

    it('sends KILL after the grace to one that ignores TERM', async () => {
      const run = startRun(rig, { graceMs: 50 })
      const agent = await rig.next()
      await agent.ignore('SIGTERM')
      run.end('timeout')
      expect(await run.finished).toMatchObject({ exit: { type: 'signal', signal: 'SIGKILL' }, ended: 'timeout' })
    })

    it('keeps to the first reason', async () => {
      const run = startRun(rig)
      await rig.next()
      run.end('timeout')
      run.end('canceled')
      expect(await run.finished).toMatchObject({ ended: 'timeout' })
    })

    it('ends the children in its group', async () => {
      const run = startRun(rig, { graceMs: 50 })
      const child = await (await rig.next()).spawnChild()
      await child.ignore('SIGTERM')
      run.end('canceled')
      await run.finished
      await child.gone
    })

    it.runIf(hasProc)('ends children that left its group, and what those started in theirs', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      const stray = await agent.spawnChild({ setsid: true })
      await agent.ignore('SIGTERM')
      run.end('canceled')
      await agent.received('SIGTERM')
      const late = await stray.spawnChild()
      await agent.exit()
      await run.finished
      await Promise.all([stray.gone, late.gone])
    })

    it.runIf(hasProc)('ends children that leave its group after TERM', async () => {
      const run = startRun(rig, { graceMs: 3_000 })
      const agent = await rig.next()
      await agent.ignore('SIGTERM')
      run.end('canceled')
      await agent.received('SIGTERM')
      const stray = await agent.spawnChild({ setsid: true })
      await run.finished
      await stray.gone
    })

    it('does not report an end that was asked for after it had ended by itself', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      const child = await agent.spawnChild()
      await child.ignore('SIGTERM')
      await agent.exit()
      await run.exited
      run.end('canceled')
      expect(await run.finished).toEqual({
        exit: { type: 'code', code: 0 },
        stderrTail: '',
        leftovers: [expect.stringContaining('child-1')],
      })
      await child.gone
    })
  })

  describe('an agent that ended by itself', () => {
    it('leaves nothing behind in its group: what ignores TERM is killed', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      const [soft, hard] = [await agent.spawnChild(), await agent.spawnChild({ holdsPipes: false })]
      await hard.ignore('SIGTERM')
      await agent.exit()
      expect(await run.finished).toEqual({
        exit: { type: 'code', code: 0 },
        stderrTail: '',
        leftovers: [expect.stringContaining('child-1'), expect.stringContaining('child-2')],
      })
      await Promise.all([soft.gone, hard.gone])
    })

    it('is not held up by a grandchild of another group that keeps its pipes open', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      const stray = await agent.spawnChild({ setsid: true })
      await agent.say('done')
      await agent.exit()
      expect(await run.exited).toEqual({ type: 'code', code: 0 })
      expect(await run.finished).toEqual({ exit: { type: 'code', code: 0 }, stderrTail: '' })
      expect(run.stdout).toEqual(['done'])
      await stray.exit()
    })

    it('has all of its output read although the disk is slow', async () => {
      // A pipe that nobody reads yet: what is written to it waits.
      const stdoutFile = join(rig.dir, 'slow')
      execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', stdoutFile])
      const run = startRun(rig, { stdoutFile })
      const agent = await rig.next()
      // More than autopilot reads before it waits for the disk, less than fits into the pipe: else the agent could not end.
      await agent.flood('x'.repeat(999), 80)
      await agent.exit()
      try {
        await until(() => run.stdout.length === 80, 'all lines seen')
      } finally {
        expect(await readFile(stdoutFile, 'utf8')).toContain('x')
        await run.finished
      }
    })
  })

  describe('an agent that closes its output', () => {
    it('is waited for all the same', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      await agent.say('all said')
      await agent.closeOutput()
      await agent.exit(4)
      expect(await run.finished).toMatchObject({ exit: { type: 'code', code: 4 } })
      expect(run.stdout).toEqual(['all said'])
    })
  })

  describe('killing what lives', () => {
    it('ends every agent and its group at once', async () => {
      const runs = [startRun(rig), startRun(rig)]
      const agents = [await rig.next(), await rig.next()]
      const child = await agents[0]!.spawnChild()
      for (const agent of [...agents, child]) await agent.ignore('SIGTERM')
      killLivingGroups()
      for (const run of runs) expect(await run.exited).toEqual({ type: 'signal', signal: 'SIGKILL' })
      await child.gone
      for (const run of runs) expect((await run.finished).ended).toBeUndefined()
    })
  })
})

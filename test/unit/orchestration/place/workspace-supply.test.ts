import { describe, expect, it } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { ok } from '../../../../src/domain/result.js'
import { until } from '../../../support/rigs/until.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import { WorkspaceSupply } from '../../../../src/orchestration/place/workspace-supply.js'
import type { Workspace } from '../../../../src/workspace/workspace.js'
import type { Workspaces } from '../../../../src/workspace/lease/workspaces.js'

/** Workspaces that are only numbers and commits; each step ends when the test says so. */
function stage({ mayAwait = false, followsTree = false } = {}) {
  const clock = virtualClock()
  let made = 0
  let tip = 'c0'
  let busy = false
  let prepared = 0
  const steps: (() => void)[] = []
  const step = <Value>(value: Value) => new Promise<Value>((resolve) => steps.push(() => resolve(value)))
  const workspaces = {
    prepare: (commit: string) => step(ok({ number: ++made, commit: commitId(commit) } as Workspace)),
    refresh: (workspace: Workspace, commit: string) => {
      workspace.commit = commitId(commit)
      return step(ok(undefined))
    },
    release: () => undefined,
    mayAwait: () => Promise.resolve(mayAwait),
    followsTree: () => Promise.resolve(followsTree),
  } as unknown as Workspaces
  const supply = new WorkspaceSupply({
    workspaces,
    jobs: 2,
    slots: () => 2,
    clock,
    tip: () => commitId(tip),
    isBusy: () => busy,
    onPrepared: (change) => (prepared += change),
    spare: () => prepared,
    awaitRoom: () => Promise.resolve(false),
    onExhausted: () => undefined,
  })
  return {
    supply,
    clock,
    waiting: () => steps.length,
    prepared: () => prepared,
    /** Lets all pending steps, and what follows from them, end. */
    finish: async () => {
      for (let quiet = 0; quiet < 5; quiet = steps.length > 0 ? 0 : quiet + 1) {
        steps.splice(0).forEach((done) => done())
        await Promise.resolve()
      }
    },
    land: (commit: string) => {
      tip = commit
      supply.landed()
    },
    setBusy: (value: boolean) => {
      busy = value
      supply.freshen()
    },
    take: () => {
      prepared--
      return supply.take()
    },
  }
}

describe('the supply of workspaces', () => {
  it('prepares as many as are wanted, no more at once than it may, and replaces what is taken', async () => {
    const { supply, waiting, prepared, finish, take } = stage()
    supply.want(3)
    await until(() => waiting() === 2, 'two are being prepared')
    await finish()
    expect(prepared()).toBe(3)
    take()
    await finish()
    expect(prepared()).toBe(3)
  })

  it('brings every prepared workspace to the new tip after a landing', async () => {
    const { supply, prepared, finish, take, land } = stage()
    supply.want(2)
    await finish()
    land('c1')
    expect(prepared()).toBe(1)
    await finish()
    expect(prepared()).toBe(2)
    expect([take(), take()].map(({ workspace, landings }) => [workspace.commit, landings])).toEqual([
      ['c1', 1],
      ['c1', 1],
    ])
  })

  it('does so only once finished work has been collected', async () => {
    const { supply, finish, take, land, setBusy } = stage()
    supply.want(1)
    await finish()
    setBusy(true)
    land('c1')
    await finish()
    expect(take()).toMatchObject({ workspace: { commit: 'c0' }, landings: 0 })
    await finish()
    land('c2')
    setBusy(false)
    await finish()
    expect(take()).toMatchObject({ workspace: { commit: 'c2' }, landings: 2 })
  })

  it('hands out the workspace that is least behind', async () => {
    const { supply, finish, take, land, setBusy } = stage()
    supply.want(1)
    await finish()
    setBusy(true)
    land('c1')
    supply.want(2)
    await finish()
    expect(take().workspace.commit).toBe('c1')
  })

  it('counts a landing during the preparation as one that the workspace lacks', async () => {
    const { supply, finish, take, land } = stage()
    supply.want(1)
    await finish()
    land('c1')
    land('c2')
    await finish()
    expect(take()).toMatchObject({ workspace: { commit: 'c2' }, landings: 2 })
  })

  it('closes when what it had begun has ended', async () => {
    const { supply, finish } = stage()
    supply.want(2)
    const closed = supply.close()
    await finish()
    await closed
    supply.want(5)
    await finish()
  })

  it('waits for a workspace to come back for as long as making one has taken, and no longer; its return ends the wait', async () => {
    const { supply, clock, waiting, finish, prepared } = stage({ mayAwait: true })
    supply.want(1)
    await until(() => clock.timers === 1, 'it waits')
    clock.advance(0)
    await until(() => waiting() === 1, 'as making one took nothing so far, one is made')
    clock.advance(8000)
    await finish()
    expect(prepared()).toBe(1)
    supply.want(3)
    await until(() => clock.timers === 2, 'both wait')
    clock.advance(7999)
    await finish()
    expect([prepared(), clock.timers]).toEqual([1, 2])
    supply.freed()
    await until(() => waiting() === 1, 'one has come back')
    expect(clock.timers).toBe(1)
    clock.advance(1)
    await until(() => waiting() === 2, 'another is made')
    await finish()
    expect([prepared(), clock.timers]).toEqual([3, 0])
  })

  it('waits for none when it is closed', async () => {
    const { supply, clock, waiting } = stage({ mayAwait: true })
    supply.want(2)
    await until(() => clock.timers === 2, 'both wait')
    await supply.close()
    expect([waiting(), clock.timers]).toEqual([0, 0])
  })

  it('lets a prepared workspace fall behind if every landing would cost a setup', async () => {
    const { supply, finish, prepared, take, land } = stage({ followsTree: true })
    supply.want(1)
    await finish()
    land('c1')
    await finish()
    expect(prepared()).toBe(1)
    expect(take()).toMatchObject({ workspace: { commit: 'c0' }, landings: 0 })
  })
})

import { describe, expect, it } from 'vitest'
import { later } from '../../../src/domain/clock.js'
import { formatProviderModel, type ProviderModel } from '../../../src/domain/agent/provider-model.js'
import type { AgentPool, ReservationRequest } from '../../../src/pool/contract.js'
import { settled } from '../../support/games/pool-game.js'
import { onlyClaude, policyOf, poolOf, request, watch } from '../../support/rigs/pool-rig.js'
import { pools } from '../../support/rigs/pools.js'
import { present } from '../../../src/domain/present.js'

const claude = { provider: 'claude' }
const codex = { provider: 'codex' }
const opus = { provider: 'claude', model: 'opus' }
const haiku = { provider: 'claude', model: 'haiku' }

/** What a task asks for. */
const askFor = ({ provider, model }: ProviderModel) => ({ providers: [provider], ...present({ model }) })

/** Reserves one after the other, releasing nothing, and returns who serves each; `-` for one that waits. */
async function served(pool: AgentPool, ...asks: Partial<ReservationRequest>[]): Promise<string[]> {
  const got: string[] = []
  for (const [order, ask] of asks.entries()) {
    let agent: string | undefined
    void pool
      .reserveAgent(request(`T${order}`, { ...ask, rank: { order } }), 'moderate')
      .then((reserved) => (agent = formatProviderModel(reserved)))
    await settled()
    got.push(agent ?? '-')
  }
  return got
}

describe.each(pools)('%s: the provider that serves', (_, make) => {
  it('is what the task asks for, before any route', async () => {
    const policy = { ...policyOf('ordered', claude, codex), routes: { moderate: [claude] } }
    expect(await served(poolOf(make, 2, { policy }).pool, askFor(codex), {})).toEqual(['codex', 'claude'])
  })

  it('has the model that the task asks for', async () => {
    const { pool } = poolOf(make, 3, { policy: policyOf('ordered', haiku, codex) })
    expect(await served(pool, { model: 'opus' }, askFor(claude), askFor(opus))).toEqual([
      'claude:opus',
      'claude:haiku',
      'claude:opus',
    ])
  })

  it('may be asked for by a task although no other task gets it', async () => {
    const policy = { ...policyOf('ordered', claude), usable: ['claude', 'codex'] }
    expect(await served(poolOf(make, 2, { policy }).pool, {}, askFor(codex))).toEqual(['claude', 'codex'])
  })

  it('is the first usable one of those that the task asks for, and the next when its slots are taken', async () => {
    const { pool } = poolOf(make, 3, { policy: policyOf('ordered', claude, codex), caps: new Map([['codex', 1]]) })
    const ask = { providers: ['gemini', 'codex', 'claude'] }
    expect(await served(pool, ask, ask, {})).toEqual(['codex', 'claude', 'claude'])
  })

  it('follows the route of the complexity, and falls through to the rest when the route is full', async () => {
    const policy = { ...policyOf('ordered', claude, codex), routes: { complex: [codex], moderate: [opus] } }
    const { pool } = poolOf(make, 4, { policy, caps: new Map([['claude:opus', 1]]) })
    expect(await served(pool, {}, {})).toEqual(['claude:opus', 'codex'])
    const complex = await pool.reserveAgent(request('complex'), 'complex')
    expect(complex.provider).toBe('codex')
    const simple = await pool.reserveAgent(request('simple'), 'simple')
    expect(simple.provider).toBe('claude')
  })

  it('is the first in order when providers were chosen, as long as its cap allows', async () => {
    const { pool } = poolOf(make, 4, { policy: policyOf('ordered', codex, claude), caps: new Map([['codex', 2]]) })
    expect(await served(pool, {}, {}, {}, {})).toEqual(['codex', 'codex', 'claude', 'claude'])
  })

  it('is the least busy when all are equal', async () => {
    const { pool } = poolOf(make, 4, { policy: policyOf('equal', claude, codex) })
    expect(await served(pool, askFor(claude), {}, {}, {})).toEqual(['claude', 'codex', 'claude', 'codex'])
  })

  it('is the command itself on any slot, whatever is usable', async () => {
    const { pool } = poolOf(make, 2, { policy: policyOf('ordered', claude) })
    expect(await served(pool, { providers: ['command'] }, askFor(claude))).toEqual(['command', 'claude'])
  })
})

describe.each(pools)('%s: a cap', (_, make) => {
  it('on a provider counts all its models', async () => {
    const { pool } = poolOf(make, 4, { policy: policyOf('ordered', claude), caps: new Map([['claude', 2]]) })
    expect(await served(pool, askFor(opus), askFor(haiku), {}, askFor(claude))).toEqual([
      'claude:opus',
      'claude:haiku',
      '-',
      '-',
    ])
  })

  it('on a model leaves the other models alone', async () => {
    const { pool } = poolOf(make, 4, { policy: policyOf('ordered', claude), caps: new Map([['claude:opus', 1]]) })
    expect(await served(pool, askFor(opus), askFor(opus), askFor(haiku), {})).toEqual([
      'claude:opus',
      '-',
      'claude:haiku',
      'claude',
    ])
  })

  it('on a provider holds beside one on a model', async () => {
    const caps = new Map([
      ['claude', 2],
      ['claude:opus', 3],
    ])
    const { pool } = poolOf(make, 4, { policy: policyOf('ordered', claude), caps })
    expect(await served(pool, askFor(opus), askFor(opus), askFor(opus))).toEqual(['claude:opus', 'claude:opus', '-'])
  })

  it('never makes others wait behind a reservation that it stops', async () => {
    const { pool } = poolOf(make, 3, { policy: policyOf('ordered', claude, codex), caps: new Map([['claude', 1]]) })
    expect(await served(pool, askFor(claude), askFor(claude), askFor(codex), {})).toEqual([
      'claude',
      '-',
      'codex',
      'codex',
    ])
  })
})

describe.each(pools)('%s: a cool-down', (_, make) => {
  it('keeps a provider back until its time, and then starts waiting work without being asked', async () => {
    const { pool, clock } = poolOf(make, 2)
    const log: string[] = []
    pool.coolDown('claude', later(clock.now(), 1000))
    void watch(log, 'T1', pool.reserveAgent(request('T1'), 'moderate'))
    clock.advance(999)
    await settled()
    expect(log).toEqual([])
    clock.advance(1)
    await settled()
    expect(log).toEqual(['T1 on S1'])
  })

  it('sends work to the next provider meanwhile', async () => {
    const { pool, clock } = poolOf(make, 2, { policy: policyOf('ordered', claude, codex) })
    pool.coolDown('claude', later(clock.now(), 1000))
    expect(await served(pool, {})).toEqual(['codex'])
    clock.advance(1000)
    expect(await served(pool, {})).toEqual(['claude'])
  })

  it('is replaced by a later one', async () => {
    const { pool, clock } = poolOf(make, 1)
    const log: string[] = []
    pool.coolDown('claude', later(clock.now(), 1000))
    pool.coolDown('claude', later(clock.now(), 3000))
    expect(clock.timers).toBe(1)
    void watch(log, 'T1', pool.reserveAgent(request('T1'), 'moderate'))
    clock.advance(2999)
    await settled()
    expect(log).toEqual([])
    clock.advance(1)
    await settled()
    expect(log).toEqual(['T1 on S1'])
  })

  it('leaves no timer behind when the pool is closed', () => {
    const { pool, clock } = poolOf(make, 1)
    pool.coolDown('claude', later(clock.now(), 1000))
    expect(clock.timers).toBe(1)
    pool.close()
    expect(clock.timers).toBe(0)
  })
})

describe.each(pools)('%s: a provider that is stopped', (_, make) => {
  it('rejects what only it could serve, waiting or new, and leaves the rest', async () => {
    const { pool } = poolOf(make, 1, { policy: policyOf('ordered', claude, codex) })
    const log: string[] = []
    const { id } = await pool.reserveAgent(request('T0'), 'moderate')
    void watch(log, 'asks', pool.reserveAgent(request('asks', askFor(claude)), 'moderate'))
    void watch(log, 'any', pool.reserveAgent(request('any'), 'moderate'))
    pool.stopProvider('claude')
    await settled()
    expect(log).toEqual(['asks unservable'])
    void watch(log, 'new', pool.reserveAgent(request('new', askFor(opus)), 'moderate'))
    pool.releaseAgent(id)
    await settled()
    expect(log).toEqual(['asks unservable', 'new unservable', 'any on S1'])
    expect(pool.counts).toEqual({ queueLength: 0, busyAgents: 1, availableAgents: 0 })
  })

  it('lets commands and held slots continue', async () => {
    const { pool } = poolOf(make, 2)
    const { id } = await pool.reserveAgent(request('T0'), 'moderate')
    pool.stopProvider('claude')
    expect(await served(pool, { providers: ['command'] })).toEqual(['command'])
    expect(() => pool.releaseAgent(id)).not.toThrow()
  })

  it('that is not usable at all is refused at once', async () => {
    const { pool } = poolOf(make, 1, { policy: onlyClaude })
    await expect(pool.reserveAgent(request('T0', askFor(codex)), 'moderate')).rejects.toMatchObject({
      reason: 'unservable',
      message: 'no usable provider for T0, which asks for codex',
    })
  })
})

describe.each(pools)('%s: a pool that is shut', (_, make) => {
  it('rejects all waiting and new reservations with its reason, and lets held slots be released', async () => {
    const { pool } = poolOf(make, 1)
    const { id } = await pool.reserveAgent(request('T0'), 'moderate')
    const waiting = pool.reserveAgent(request('T1'), 'moderate')
    const command = pool.reserveAgent(request('T2', { providers: ['command'] }), 'moderate')
    pool.shut('no workspace can be made')
    const because = { reason: 'unservable', message: 'no workspace can be made' }
    await expect(waiting).rejects.toMatchObject(because)
    await expect(command).rejects.toMatchObject(because)
    await expect(pool.reserveAgent(request('T3'), 'moderate')).rejects.toMatchObject(because)
    pool.releaseAgent(id)
    await settled()
    expect(pool.counts).toEqual({ queueLength: 0, busyAgents: 0, availableAgents: 1 })
  })
})

import { describe, expect, it } from 'vitest'
import { epochMs } from '../../support/brands.js'
import type { QueueCounts } from '../../../src/domain/run/event.js'
import type { AgentPool } from '../../../src/pool/contract.js'
import { ReservationError } from '../../../src/pool/reservation-error.js'
import { settled } from '../../support/games/pool-game.js'
import { poolOf, request, watch } from '../../support/rigs/pool-rig.js'
import { pools } from '../../support/rigs/pools.js'

/** Reserves `count` tasks named T1, T2, … at once and returns their outcomes. */
function reserveMany(pool: AgentPool, count: number): string[] {
  const log: string[] = []
  for (let number = 1; number <= count; number++) {
    const id = `T${number}`
    void watch(log, id, pool.reserveAgent(request(id, { rank: { order: number } }), 'moderate'))
  }
  return log
}

describe.each(pools)('%s: reserving', (_, make) => {
  it('resolves the second of two reservations on one agent when the first is released', async () => {
    const { pool } = poolOf(make, 1)
    const first = await pool.reserveAgent(request('T1'), 'moderate')
    let second: string | undefined
    const waiting = pool.reserveAgent(request('T2'), 'moderate').then(({ id }) => (second = id))
    await settled()
    expect(second).toBeUndefined()
    expect(pool.counts).toEqual({ queueLength: 1, busyAgents: 1, availableAgents: 0 })
    pool.releaseAgent(first.id)
    expect(await waiting).toBe(first.id)
    expect(pool.counts).toEqual({ queueLength: 0, busyAgents: 1, availableAgents: 0 })
  })

  it.each([3, 5])(
    'runs 10 tasks on %i agents: as many at once as there are, the next as soon as one is free',
    async (agents) => {
      const { pool } = poolOf(make, agents)
      const told: QueueCounts[] = []
      pool.on('queue:updated', (counts) => told.push(counts))
      const log = reserveMany(pool, 10)
      await settled()
      expect(log).toEqual(Array.from({ length: agents }, (_, place) => `T${place + 1} on S${place + 1}`))
      expect(pool.counts).toEqual({ queueLength: 10 - agents, busyAgents: agents, availableAgents: 0 })

      const busy = log.map((line) => line.split(' on ')[1]!)
      for (let next = agents + 1; next <= 10; next++) {
        // The last one first, then the first of the rest: whoever ends, the next in line takes the place.
        const ended = next % 2 === 0 ? busy.pop()! : busy.shift()!
        pool.releaseAgent(ended)
        await settled()
        expect(log.at(-1)).toBe(`T${next} on ${ended}`)
        busy.push(ended)
      }
      for (const id of busy) pool.releaseAgent(id)
      await settled()

      expect(log.map((line) => line.split(' ')[0])).toEqual(Array.from({ length: 10 }, (_, place) => `T${place + 1}`))
      expect(new Set(log.map((line) => line.split(' on ')[1])).size).toBe(agents)
      const waits = Array.from({ length: 10 - agents + 1 }, (_, place) => [10 - agents - place, agents, 0])
      expect(
        told.map(({ queueLength, busyAgents, availableAgents }) => [queueLength, busyAgents, availableAgents]),
      ).toEqual([...waits.slice(0, 1), ...waits.slice(1), [0, 0, agents]])
    },
  )

  it('starts reservations made in one turn in the order of their ranks, not in that of the calls', async () => {
    const { pool } = poolOf(make, 2)
    const log: string[] = []
    const ranks = {
      late: { priority: 3 },
      retry: { attempt: 2 },
      plain: { order: 1 },
      long: { chain: 4 },
      urgent: { priority: 0 },
    }
    for (const [id, rank] of Object.entries(ranks)) {
      void watch(log, id, pool.reserveAgent(request(id, { rank }), 'moderate'))
    }
    await settled()
    expect(log).toEqual(['urgent on S1', 'long on S2'])
    for (const slot of ['S1', 'S2', 'S1']) {
      pool.releaseAgent(slot)
      await settled()
    }
    expect(log.slice(2)).toEqual(['plain on S1', 'retry on S2', 'late on S1'])
  })

  it('uses the slot that has served least, so that all are used', async () => {
    const { pool } = poolOf(make, 3)
    const used: string[] = []
    for (let number = 0; number < 6; number++) {
      const agent = await pool.reserveAgent(request(`T${number}`), 'moderate')
      used.push(agent.id)
      pool.releaseAgent(agent.id)
      await settled()
    }
    expect(used).toEqual(['S1', 'S2', 'S3', 'S1', 'S2', 'S3'])
  })

  it('gives the slot that is preferred where that is idle, and any other where it is not', async () => {
    const { pool } = poolOf(make, 3)
    const [first, second] = [
      await pool.reserveAgent(request('T1'), 'moderate'),
      await pool.reserveAgent(request('T2'), 'moderate'),
    ]
    pool.releaseAgent(first.id)
    // S3 has served least.
    const again = await pool.reserveAgent({ ...request('T1'), prefers: first.id }, 'moderate')
    expect(again.id).toBe(first.id)
    const other = await pool.reserveAgent({ ...request('T3'), prefers: second.id }, 'moderate')
    expect(other.id).toBe('S3')
    pool.releaseAgent(second.id)
    expect((await pool.reserveAgent({ ...request('T4'), prefers: 'gone' }, 'moderate')).id).toBe(second.id)
  })

  it('waits for a prepared workspace when it needs one, and lets others pass meanwhile', async () => {
    const { pool } = poolOf(make, 2)
    const log: string[] = []
    const needs = request('needs', { needsWorkspace: true, rank: { priority: 0 } })
    void watch(log, 'needs', pool.reserveAgent(needs, 'moderate'))
    void watch(log, 'other', pool.reserveAgent(request('other'), 'moderate'))
    await settled()
    expect(log).toEqual(['other on S1'])
    pool.setPrepared(1)
    await settled()
    expect(log).toEqual(['other on S1', 'needs on S2'])
    expect(pool.prepared).toBe(0)
  })

  it('starts no new attempt while the pool is paused, but lets one that continues pass', async () => {
    const { pool } = poolOf(make, 3)
    const log: string[] = []
    pool.pause(true)
    const begins = request('begins', { begins: true, rank: { priority: 0 } })
    void watch(log, 'begins', pool.reserveAgent(begins, 'moderate'))
    void watch(log, 'goes on', pool.reserveAgent(request('goes on'), 'moderate'))
    await settled()
    expect(log).toEqual(['goes on on S1'])
    expect(pool.counts).toEqual({ queueLength: 1, busyAgents: 1, availableAgents: 2 })
    pool.pause(false)
    await settled()
    expect(log).toEqual(['goes on on S1', 'begins on S2'])
  })

  it.each([true, false])('reports that providers cool down for what could begin: paused %s', async (isPaused) => {
    const { pool } = poolOf(make, 1)
    const told: unknown[] = []
    pool.on('stuck', (stuck) => told.push(stuck))
    pool.coolDown('claude', epochMs(1e15))
    pool.pause(isPaused)
    void watch([], 'T1', pool.reserveAgent(request('T1', { begins: true }), 'moderate'))
    await settled()
    expect(told).toEqual(isPaused ? [] : [{ until: 1e15, providers: ['claude'] }])
    pool.close()
  })

  it('withdraws what waits in a paused pool when that is drained', async () => {
    const { pool } = poolOf(make, 1)
    const log: string[] = []
    pool.pause(true)
    void watch(log, 'T1', pool.reserveAgent(request('T1', { begins: true }), 'moderate'))
    await settled()
    pool.drain('the base is red')
    await settled()
    expect(log).toEqual(['T1 stopped'])
  })

  it('starts on a slot that joins later', async () => {
    const { pool } = poolOf(make, 0)
    const log = reserveMany(pool, 1)
    await settled()
    expect(log).toEqual([])
    pool.addAgent({ id: 'late' })
    await settled()
    expect(log).toEqual(['T1 on late'])
  })

  it('refuses two slots of one name', () => {
    const { pool } = poolOf(make, 1)
    expect(() => pool.addAgent({ id: 'S1' })).toThrow('S1')
  })
})

describe.each(pools)('%s: releasing', (_, make) => {
  it('throws for a slot that is not reserved, released twice or unknown', async () => {
    const { pool } = poolOf(make, 1)
    expect(() => pool.releaseAgent('S1')).toThrow('not reserved')
    const { id } = await pool.reserveAgent(request('T1'), 'moderate')
    pool.releaseAgent(id)
    expect(() => pool.releaseAgent(id)).toThrow('not reserved')
    expect(() => pool.releaseAgent('S9')).toThrow('not reserved')
  })

  it('of several slots in one turn is one change, and fills all of them', async () => {
    const { pool } = poolOf(make, 3)
    const log = reserveMany(pool, 6)
    await settled()
    const told: QueueCounts[] = []
    pool.on('queue:updated', (counts) => told.push(counts))
    for (const id of ['S1', 'S2', 'S3']) pool.releaseAgent(id)
    await settled()
    expect(log.slice(3)).toEqual(['T4 on S1', 'T5 on S2', 'T6 on S3'])
    expect(told).toEqual([{ queueLength: 0, busyAgents: 3, availableAgents: 0 }])
  })
})

describe.each(pools)('%s: a slot on which nothing has begun yet', (_, make) => {
  it('is still granted, until its provider stops or cools down, or the pool is paused or shut', async () => {
    const ways: Readonly<Record<string, (pool: AgentPool) => void>> = {
      stopped: (pool) => pool.stopProvider('claude'),
      coolsDown: (pool) => pool.coolDown('claude', epochMs(1e15)),
      paused: (pool) => pool.pause(true),
      shut: (pool) => pool.shut('over'),
      drained: (pool) => pool.drain('over'),
    }
    for (const [way, happens] of Object.entries(ways)) {
      const { pool } = poolOf(make, 2)
      const { id } = await pool.reserveAgent(request('T1', { begins: true }), 'moderate')
      const continued = await pool.reserveAgent(request('T2'), 'moderate')
      expect(pool.isStillGranted(id), way).toBe(true)
      happens(pool)
      expect(pool.isStillGranted(id), way).toBe(false)
      // A pause does not hold one that continues.
      expect(pool.isStillGranted(continued.id), way).toBe(way === 'paused')
      pool.giveBackUnused(id)
      expect(pool.isStillGranted(id), way).toBe(false)
      pool.close()
    }
  })

  it('is given back with the prepared workspace that it took, for the next in line', async () => {
    const { pool } = poolOf(make, 1)
    const log: string[] = []
    pool.setPrepared(1)
    const ask = (id: string) => pool.reserveAgent(request(id, { needsWorkspace: true }), 'moderate')
    const { id } = await ask('T1')
    void watch(log, 'T2', ask('T2'))
    expect(pool.prepared).toBe(0)
    pool.giveBackUnused(id)
    await settled()
    expect(log).toEqual(['T2 on S1'])
    expect(pool.prepared).toBe(0)
    // A reservation that took none returns none.
    const other = poolOf(make, 1).pool
    other.giveBackUnused((await other.reserveAgent(request('T1'), 'moderate')).id)
    expect(other.prepared).toBe(0)
    expect(() => other.giveBackUnused('S1')).toThrow('not reserved')
  })
})

describe.each(pools)('%s: canceling', (_, make) => {
  it('before the call rejects at once and never counts', async () => {
    const { pool } = poolOf(make, 1)
    const told: QueueCounts[] = []
    await settled()
    pool.on('queue:updated', (counts) => told.push(counts))
    const signal = AbortSignal.abort()
    await expect(pool.reserveAgent(request('T1'), 'moderate', { signal })).rejects.toMatchObject({
      name: 'ReservationError',
      reason: 'aborted',
    })
    await settled()
    expect(told).toEqual([])
  })

  it('while waiting rejects, and the next in line moves up', async () => {
    const { pool } = poolOf(make, 1)
    const log: string[] = []
    const stop = new AbortController()
    const { id } = await pool.reserveAgent(request('T1'), 'moderate')
    void watch(log, 'T2', pool.reserveAgent(request('T2'), 'moderate', { signal: stop.signal }))
    void watch(log, 'T3', pool.reserveAgent(request('T3'), 'moderate'))
    stop.abort()
    await settled()
    expect(log).toEqual(['T2 aborted'])
    expect(pool.counts.queueLength).toBe(1)
    pool.releaseAgent(id)
    await settled()
    expect(log).toEqual(['T2 aborted', 'T3 on S1'])
  })

  it('after the slot was given changes nothing: it is held until it is released', async () => {
    const { pool } = poolOf(make, 1)
    const stop = new AbortController()
    const { id } = await pool.reserveAgent(request('T1'), 'moderate', { signal: stop.signal })
    stop.abort()
    await settled()
    expect(pool.counts).toEqual({ queueLength: 0, busyAgents: 1, availableAgents: 0 })
    pool.releaseAgent(id)
    await settled()
    expect(pool.counts).toEqual({ queueLength: 0, busyAgents: 0, availableAgents: 1 })
  })

  it('ends a thousand waiting reservations by one signal, without a warning of leaks', async () => {
    const warnings: string[] = []
    const onWarning = (warning: Error) => warnings.push(warning.name)
    process.on('warning', onWarning)
    const { pool } = poolOf(make, 2)
    const stop = new AbortController()
    const ends = Array.from({ length: 1000 }, (_, order) =>
      pool.reserveAgent(request(`T${order}`, { rank: { order } }), 'moderate', { signal: stop.signal }),
    )
    await settled()
    stop.abort()
    const reasons = (await Promise.allSettled(ends)).map((end) =>
      end.status === 'rejected' && end.reason instanceof ReservationError ? end.reason.reason : end.status,
    )
    await settled()
    process.off('warning', onWarning)
    expect(reasons).toEqual(['fulfilled', 'fulfilled', ...Array<string>(998).fill('aborted')])
    expect(pool.counts).toEqual({ queueLength: 0, busyAgents: 2, availableAgents: 0 })
    expect(warnings).toEqual([])
  })
})

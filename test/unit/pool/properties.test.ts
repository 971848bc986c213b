import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProviderModel } from '../../../src/domain/agent/provider-model.js'
import { PoolGame, settled, type Draft, type Move } from '../../support/games/pool-game.js'
import type { Setup } from '../../support/games/pool-oracle.js'
import { poolOf, request } from '../../support/rigs/pool-rig.js'
import { pools } from '../../support/rigs/pools.js'

const providers = ['claude', 'codex', 'gemini'] as const
const complexities = ['simple', 'moderate', 'complex'] as const
const models = [undefined, undefined, 'big', 'small'] as const

const provider = fc.constantFrom(...providers)
const offer: fc.Arbitrary<ProviderModel> = fc
  .tuple(provider, fc.constantFrom(...models))
  .map(([name, model]) => (model === undefined ? { provider: name } : { provider: name, model }))
const offers = fc.uniqueArray(offer, { maxLength: 4, selector: (one) => JSON.stringify(one) })

const draft: fc.Arbitrary<Draft> = fc
  .record({
    rank: fc.record({
      priority: fc.nat(2),
      attempt: fc.integer({ min: 1, max: 3 }),
      chain: fc.nat(2),
      order: fc.nat(5),
    }),
    providers: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constant(['command']) },
      { weight: 3, arbitrary: fc.uniqueArray(provider, { minLength: 1, maxLength: 2 }) },
    ),
    model: fc.constantFrom(...models),
    complexity: fc.constantFrom(...complexities),
    needsWorkspace: fc.boolean(),
    begins: fc.boolean(),
  })
  .map(({ providers: names, model, ...rest }) => ({
    ...rest,
    ...(names === undefined ? {} : { providers: names }),
    ...(model === undefined ? {} : { model }),
  }))

const index = fc.nat(20)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 50, arbitrary: fc.record({ type: fc.constant('reserve' as const), draft }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('reserve_aborted' as const), draft }) },
  { weight: 35, arbitrary: fc.record({ type: fc.constant('release' as const), index }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('give_back' as const), index }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('cancel_waiting' as const), index }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('cancel_held' as const), index }) },
  { weight: 20, arbitrary: fc.record({ type: fc.constant('prepare' as const), count: fc.nat(4) }) },
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant('cool_down' as const), provider, ms: fc.integer({ min: 1, max: 50 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('refuse' as const, 'allow' as const), provider }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('admit' as const), provider }) },
  { weight: 15, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(40) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('stop' as const), provider }) },
  { weight: 5, arbitrary: fc.constant({ type: 'add_slot' as const }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('remove_slot' as const), index }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('keep_leaving_slot' as const), index }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('withdraw' as const), index }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('pause' as const), isPaused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ type: 'shut' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'drain' as const }) },
)
const capKey = fc.oneof(
  provider,
  fc.tuple(provider, fc.constantFrom('big', 'small')).map((key) => key.join(':')),
)

const setup: fc.Arbitrary<Setup> = fc
  .record({
    usable: fc.subarray([...providers], { minLength: 1 }),
    chosen: offers,
    ordered: fc.boolean(),
    routes: fc.record({ simple: offers, moderate: offers, complex: offers }, { requiredKeys: [] }),
    caps: fc.uniqueArray(fc.tuple(capKey, fc.integer({ min: 1, max: 3 })), { maxLength: 3, selector: ([key]) => key }),
    slots: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ chosen, caps, ...rest }) => ({
    ...rest,
    chosen: chosen.filter(({ provider: name }) => rest.usable.some((one) => one === name)),
    caps: new Map(caps),
  }))

describe.each(pools)(
  '%s: a pool under random reservations, releases, cancels, cool-downs, caps, stops, pauses and workspaces',
  (_, make) => {
    it('grants what the rules say, in their order, leaves no slot idle beside work, and reports each change once', async () => {
      await fc.assert(
        fc.asyncProperty(
          setup,
          fc.array(
            fc.oneof(
              move.map((one) => [one]),
              fc.array(move, { maxLength: 6 }),
            ),
            { maxLength: 40, size: 'max' },
          ),
          async (start, turns) => {
            const game = new PoolGame(make, start)
            await game.turn([])
            for (const moves of turns) await game.turn(moves)
            await game.finish()
            expect(game.pool.counts).toEqual({
              queueLength: 0,
              busyAgents: 0,
              availableAgents: game.world.slots.length,
            })
            game.pool.close()
          },
        ),
        { numRuns: 200 },
      )
    })

    it('has every slot back when all work has ended, even by throwing or by being canceled', async () => {
      type End = 'returns' | 'throws' | 'canceled'
      const worker = fc.record({
        end: fc.constantFrom<End>('returns', 'throws', 'canceled'),
        turns: fc.nat(5),
        priority: fc.nat(3),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(worker, { maxLength: 30, size: 'max' }),
          fc.integer({ min: 1, max: 5 }),
          async (workers, slots) => {
            const { pool } = poolOf(make, slots)
            const holders = new Set<string>()
            let most = 0
            const work = async ({ end, turns, priority }: (typeof workers)[number], order: number) => {
              const stop = new AbortController()
              const ask = request(`T${order}`, { rank: { priority, order } })
              const reserving = pool.reserveAgent(ask, 'moderate', { signal: stop.signal })
              // Canceled at any moment: while it waits, or while it works.
              if (end === 'canceled') void turnsOf(turns).then(() => stop.abort())
              const { id } = await reserving
              try {
                if (holders.has(id)) throw new Error(`${id} was handed out twice`)
                most = Math.max(most, holders.add(id).size)
                await turnsOf(turns)
                if (end === 'throws') throw new Error('as planned')
              } finally {
                holders.delete(id)
                pool.releaseAgent(id)
              }
            }
            const ends = await Promise.allSettled(workers.map(work))
            await settled()
            expect(pool.counts).toEqual({ queueLength: 0, busyAgents: 0, availableAgents: slots })
            expect(holders.size).toBe(0)
            for (const [order, end] of ends.entries()) {
              const planned = workers[order]!.end
              if (planned === 'returns') expect(end.status).toBe('fulfilled')
              if (planned === 'throws') expect(end).toMatchObject({ reason: { message: 'as planned' } })
              if (planned === 'canceled' && end.status === 'rejected') {
                expect(end).toMatchObject({ reason: { reason: 'aborted' } })
              }
            }
            const staying = workers.filter(({ end }) => end !== 'canceled').length
            expect(most).toBeGreaterThanOrEqual(Math.min(slots, staying))
          },
        ),
        { numRuns: 60 },
      )
    })
  },
)

/** Lets the event loop turn so many times. */
async function turnsOf(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settled()
}

import { taskId } from '../brands.js'
import type { ProviderModel } from '../../../src/domain/agent/provider-model.js'
import type { RoutePolicy } from '../../../src/domain/routing/routing.js'
import type { Agent, ReservationRequest } from '../../../src/pool/contract.js'
import type { MakePool } from './pools.js'
import { virtualClock } from '../fakes/virtual-clock.js'

/** Claude serves everything. */
export const onlyClaude: RoutePolicy = {
  routes: {},
  usable: ['claude'],
  providers: [{ provider: 'claude' }],
  ordered: false,
}

/** A policy for the offers given, in order of preference or all equal. */
export function policyOf(order: 'ordered' | 'equal', ...providers: ProviderModel[]): RoutePolicy {
  const usable = [...new Set(providers.map(({ provider }) => provider))]
  return { routes: {}, usable, providers, ordered: order === 'ordered' }
}

/** A pool of this kind on a clock that stands still; its slots are named S1, S2, … */
export function poolOf(
  make: MakePool,
  slots: number,
  more: { readonly policy?: RoutePolicy; readonly caps?: ReadonlyMap<string, number> } = {},
) {
  const clock = virtualClock()
  const pool = make({ policy: onlyClaude, clock, ...more })
  for (let number = 1; number <= slots; number++) pool.addAgent({ id: `S${number}` })
  return { pool, clock }
}

/** A request for any provider; each has a later place in the file than the one before. */
export function request(
  id: string,
  more: Partial<Omit<ReservationRequest, 'rank'>> & { readonly rank?: Partial<ReservationRequest['rank']> } = {},
): ReservationRequest {
  const { rank, ...rest } = more
  return {
    id: taskId(id),
    needsWorkspace: false,
    rank: { priority: 2, attempt: 1, chain: 0, order: 0, ...rank },
    ...rest,
  }
}

/** Collects the outcomes of reservations, in order: `T1 on S1` or `T1 aborted`. */
export function watch(log: string[], id: string, reservation: Promise<Agent>): Promise<Agent | undefined> {
  return reservation.then(
    (agent) => {
      log.push(`${id} on ${agent.id}`)
      return agent
    },
    (error: unknown) => {
      log.push(`${id} ${(error as { reason?: string }).reason ?? 'threw'}`)
      return undefined
    },
  )
}

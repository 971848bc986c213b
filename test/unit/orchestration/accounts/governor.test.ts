import { expect, test } from 'vitest'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { Governor } from '../../../../src/orchestration/accounts/governor.js'
import type { AgentPool, Stuck } from '../../../../src/pool/contract.js'
import { epochMs, monotonicMs } from '../../../support/brands.js'

test('a wait is told once while tasks join and leave the queue, and again when something about it changes', () => {
  const told: RunEvent[] = []
  const listeners: ((stuck: Stuck | undefined) => void)[] = []
  const pool = {
    on: (_: string, listen: (stuck: Stuck | undefined) => void) => listeners.push(listen),
    goesFirst: () => false,
  } as unknown as AgentPool
  const governor = new Governor({
    ...{ pool, wait: { onLimit: 'wait' }, random: () => 0, zone: () => 'UTC' },
    clock: { now: () => epochMs(1000), monotonic: () => monotonicMs(1000), schedule: () => () => undefined },
    recorder: {
      record: (event: RunEvent) => {
        told.push(event)
        return Promise.resolve()
      },
    } as never,
    stopEarly: () => undefined,
    whyUnusable: () => Promise.resolve(undefined),
  })
  const stuck = (until: number, ...providers: string[]) => {
    for (const listen of listeners) listen({ until: epochMs(until), providers })
  }
  stuck(9000, 'claude', 'codex')
  for (const listen of listeners) listen(undefined)
  stuck(9000, 'codex', 'claude')
  expect(told).toHaveLength(1)
  stuck(9500, 'claude', 'codex')
  stuck(9500, 'claude')
  expect(told).toHaveLength(3)
  governor.started({ slot: 'slot-1' } as never)
  stuck(9500, 'claude')
  expect(told).toHaveLength(4)
})

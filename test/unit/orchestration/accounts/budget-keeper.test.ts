import { expect, test } from 'vitest'
import { runId, taskId } from '../../../support/brands.js'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import { BudgetKeeper } from '../../../../src/orchestration/accounts/budget-keeper.js'
import type { AgentSettings } from '../../../../src/orchestration/agent/agent-work.js'
import { TurnRecord } from '../../../../src/orchestration/agent/turn-record.js'
import { createRecorder } from '../../../../src/orchestration/recorder.js'
import { LocalPool } from '../../../../src/pool/local-pool.js'
import { claude } from '../../../../src/providers/claude/provider.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import { workRequest } from '../../../support/rigs/requests.js'

test('what an agent spent counts once, even while the record of its end is being written', async () => {
  const clock = virtualClock()
  let written: () => void = () => undefined
  const recorder = createRecorder(
    {
      ...{
        type: 'run_started',
        runId: runId('r'),
        version: '0',
        roadmap: 'r.yaml',
        repository: '/',
        isolation: 'none',
      },
      ...{
        permissions: 'edit',
        maxAttempts: 1,
        slots: ['slot-1'],
        tasks: [{ id: taskId('t'), title: 't', state: 'pending' }],
      },
    },
    {
      ...{ clock, mask: noMask, reporters: [], onBroken: () => undefined },
      journal: {
        append: ({ type }) =>
          type === 'agent_finished' ? new Promise((resolve) => (written = resolve)) : Promise.resolve(),
        close: () => Promise.resolve(),
      },
    },
  )
  const pool = new LocalPool({
    policy: { usable: ['claude'], routes: {}, providers: [], ordered: false },
    caps: new Map(),
    clock,
  })
  const budgets = { run: { usd: 0.6 }, providers: {} }
  const keeper = new BudgetKeeper({ recorder, pool, budgets, stopEarly: () => undefined })
  const settings = { clock, recorder, watch: keeper, prices: {} } as unknown as AgentSettings
  const request = workRequest()
  const record = new TurnRecord({
    ...{ settings, mask: noMask, withheld: { has: () => false }, end: () => undefined },
    work: {
      ...{
        taskId: taskId('t'),
        attempt: 1,
        slot: 'slot-1',
        provider: claude,
        logDir: '/',
        assignment: { type: 'work', request },
      },
      ...{ timeoutMs: 1000, idleTimeoutMs: 0, backgroundTimeoutMs: 0 },
    },
  })
  keeper.started(record.watched)
  const usage = { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10, costUsd: 0.25 }
  record.hear([{ type: 'result', text: 'done', usage }])
  expect(keeper.allowance('claude')).toEqual({ usd: 0.35 })
  const finished = record.finish({ exit: { type: 'code', code: 0 }, stderrTail: '', hasPrinted: true }, undefined)
  expect(keeper.allowance('claude')).toEqual({ usd: 0.35 })
  written()
  await finished
  expect(keeper.allowance('claude')).toEqual({ usd: 0.35 })
})

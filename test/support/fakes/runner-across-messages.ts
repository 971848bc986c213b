import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AgentRunner } from '../../../src/orchestration/agent/contract.js'
import { serve } from '../../../src/orchestration/workers/serve.js'
import { SlotWorker, workerLimits } from '../../../src/orchestration/workers/slot-worker.js'
import { realClock } from '../../../src/platform/clock.js'

/**
 * A runner behind the border of a worker, in this process: what it is asked and what it tells pass as text, as between
 * processes or machines. Its suite shows that the contract needs no more.
 */
export function runnerAcrossMessages(runner: AgentRunner): AgentRunner {
  return new SlotWorker({
    clock: realClock,
    // Nobody here says that it is alive.
    limits: { ...workerLimits, silentMs: 2 ** 30 },
    start(_, onMessage) {
      const take = serve({
        async send(message) {
          await nextTurn()
          onMessage(asText(message))
        },
        open: () => runner,
        onStranger(what) {
          throw new Error(what)
        },
      })
      return {
        pid: undefined,
        send: (message) => setImmediate(() => take(asText(message))),
        exited: new Promise(() => undefined),
        end: () => undefined,
      }
    },
    setup: () => ({
      ...{ runDir: '/', ownDir: '/', repository: '/', barred: [], customProviders: {}, oneShot: true, secrets: [] },
      masked: { templates: {}, names: [], numbers: 0, ports: [] },
    }),
    endRemains: () => Promise.resolve(),
    onReplaced: () => undefined,
  })
}

function asText(message: object): unknown {
  return JSON.parse(JSON.stringify(message))
}

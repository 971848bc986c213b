import { join } from 'node:path'
import { createMask } from '../../domain/secrets/mask.js'
import { maskTemplates } from '../../domain/secrets/env-template.js'
import type { ClosableRunner } from '../../orchestration/agent/contract.js'
import { serverRunner } from '../../orchestration/server/server-runner.js'
import type { WorkerSetup } from '../../orchestration/workers/messages.js'
import { beatMs, serve } from '../../orchestration/workers/serve.js'
import { realClock } from '../../platform/clock.js'
import { entryOf, markOf, openDoor } from '../../platform/processes/door.js'
import { Watchdog } from '../../platform/processes/watchdog.js'
import { barPrograms } from '../../platform/programs/own-programs.js'
import { providersWith } from '../../providers/index.js'

/** A worker process: what the coordinator tells it through its channel, it does, until that is closed. */
function main(): void {
  // Node would open its debugger to anybody on the machine, agents included.
  process.on('SIGUSR1', () => undefined)
  let runner: ClosableRunner | undefined
  const send = (message: object) =>
    new Promise<void>((resolve) => {
      if (process.connected) process.send?.(message, () => resolve())
      else resolve()
    })
  const take = serve({
    send,
    open: (setup) => (runner = openRunner(setup)),
    onStranger(what): never {
      process.stderr.write(`autopilot: the worker was told ${what}\n`)
      process.exit(strangerCode)
    },
  })
  process.on('message', take)
  // The coordinator is gone, or wants no more. The watchdog ends whatever still runs.
  process.once('disconnect', () => {
    setTimeout(() => process.exit(0), closeMs)
    void Promise.resolve(runner?.close()).finally(() => process.exit(0))
  })
  setInterval(() => void send({ type: 'beat', rssBytes: process.memoryUsage.rss() }), beatMs)
}

const strangerCode = 64
/** How long agent servers may take to end by themselves once their input is closed, ms. */
const closeMs = 1_000

function openRunner(setup: WorkerSetup): ClosableRunner {
  const { runDir, ownDir, repository, customProviders, secrets, masked, oneShot } = setup
  for (const directory of setup.barred) barPrograms(directory)
  const marks = markOf('worker', ownDir)
  const watchdog = new Watchdog({ entry: entryOf('worker', ownDir), places: [] })
  const { start, environmentIn } = openDoor({ runDir, watchdog, repository, marks, isBusy: false })
  const maskAt = maskTemplates(createMask(secrets), masked).at
  return serverRunner({
    ...{ start, environmentIn, maskAt, oneShot, clock: realClock },
    findProvider: providersWith(customProviders),
    directory: join(ownDir, 'servers'),
  })
}

main()

import { createMask } from '../../domain/secrets/mask.js'
import { maskTemplates } from '../../domain/secrets/env-template.js'
import { processRunner } from '../../orchestration/agent/process-runner.js'
import type { WorkerSetup } from '../../orchestration/workers/messages.js'
import { beatMs, serve } from '../../orchestration/workers/serve.js'
import { entryOf, markOf, openDoor } from '../../platform/processes/door.js'
import { Watchdog } from '../../platform/processes/watchdog.js'
import { providersWith } from '../../providers/index.js'

/** A worker process: what the coordinator tells it through its channel, it does, until that is closed. */
function main(): void {
  const send = (message: object) =>
    new Promise<void>((resolve) => {
      if (process.connected) process.send?.(message, () => resolve())
      else resolve()
    })
  const take = serve({
    send,
    open: openRunner,
    onStranger(what): never {
      process.stderr.write(`autopilot: the worker was told ${what}\n`)
      process.exit(strangerCode)
    },
  })
  process.on('message', take)
  // The coordinator is gone, or wants no more. The watchdog ends whatever still runs.
  process.once('disconnect', () => process.exit(0))
  setInterval(() => void send({ type: 'beat', rssBytes: process.memoryUsage.rss() }), beatMs)
}

const strangerCode = 64

function openRunner({ runDir, ownDir, repository, customProviders, secrets, masked }: WorkerSetup) {
  const marks = markOf('worker', ownDir)
  const watchdog = new Watchdog({ entry: entryOf('worker', ownDir), places: [] })
  const { start } = openDoor({ runDir, watchdog, repository, marks, isBusy: false })
  const maskAt = maskTemplates(createMask(secrets), masked).at
  return processRunner({ start, findProvider: providersWith(customProviders), maskAt })
}

main()

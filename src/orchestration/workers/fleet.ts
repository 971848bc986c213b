import type { ClosableRunner } from '../agent/contract.js'

/** A runner for each slot, such as a worker: what runs on a slot runs there. */
export function runnerOfSlots(slots: number, make: (slot: number) => ClosableRunner): ClosableRunner {
  const runners = Array.from({ length: slots }, (_, index) => make(index + 1))
  return {
    turn(request) {
      const runner = runners[request.where.number - 1]
      if (!runner) throw new Error(`there is no slot ${request.where.number}`)
      return runner.turn(request)
    },
    async close() {
      await Promise.all(runners.map((runner) => runner.close()))
    },
  }
}

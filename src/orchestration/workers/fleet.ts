import type { ClosableRunner } from '../agent/contract.js'

/** A runner for each slot, such as a worker: what runs on a slot runs there. Those of the first slots are made at once. */
export function runnerOfSlots(slots: number, make: (slot: number) => ClosableRunner): ClosableRunner {
  const runners = new Map<number, ClosableRunner>()
  const runnerOf = (slot: number) => {
    const runner = runners.get(slot) ?? make(slot)
    runners.set(slot, runner)
    return runner
  }
  for (let slot = 1; slot <= slots; slot++) runnerOf(slot)
  return {
    turn: (request) => runnerOf(request.where.number).turn(request),
    rest: (slot) => runners.get(slot)?.rest(slot),
    async close() {
      await Promise.all([...runners.values()].map((runner) => runner.close()))
    },
  }
}

/** What the agents on each slot have left running: it may hold the slot's port, or its database. */
export interface SlotLeftovers {
  /** Resolves when nothing is left of the agent that was on the slot before. */
  readonly over: (slot: string) => Promise<void>
  /** An agent has begun on the slot; all that it started is gone by `end`, which never rejects. */
  readonly began: (slot: string, end: Promise<unknown>) => void
}

export const noLeftovers: SlotLeftovers = { over: () => Promise.resolve(), began: () => undefined }

export function createSlotLeftovers(): SlotLeftovers {
  const ends = new Map<string, Promise<unknown>>()
  return {
    over: async (slot) => {
      await ends.get(slot)
    },
    began: (slot, end) => {
      ends.set(slot, end)
      void end.then(() => {
        if (ends.get(slot) === end) ends.delete(slot)
      })
    },
  }
}

import type { JsonObject } from '../adapter/json.js'
import type { RpcClient } from './rpc.js'

/** A thread closes some ms after it was asked to, and each look takes one. */
const mostLooks = 200

/**
 * Ends all that a turn has left: turns of sub-agents, commands that still run, and the threads themselves, with their
 * MCP servers. A thread that stays open would ignore the environment and the directory of its next turn. Source:
 * observed with 0.171.0. What a server doesn't know how to do is left to whoever ends new processes.
 */
export async function closeThreads(rpc: RpcClient, running: ReadonlyMap<string, string>): Promise<void> {
  const told = new Set<string>()
  const once = async (key: string, method: string, params: JsonObject) => {
    if (told.has(key)) return
    told.add(key)
    await ask(rpc, method, params)
  }
  for (let look = 0; look < mostLooks; look++) {
    const loaded = await ask(rpc, 'thread/loaded/list', {})
    const threads = Array.isArray(loaded?.data) ? loaded.data.filter((id) => typeof id === 'string') : []
    if (threads.length === 0) return
    for (const threadId of threads) {
      const turnId = running.get(threadId)
      if (turnId !== undefined) await once(turnId, 'turn/interrupt', { threadId, turnId })
      await once(`clean ${threadId}`, 'thread/backgroundTerminals/clean', { threadId })
      await once(`leave ${threadId}`, 'thread/unsubscribe', { threadId })
    }
  }
}

/** Undefined if the server refuses. */
function ask(rpc: RpcClient, method: string, params: JsonObject): Promise<JsonObject | undefined> {
  return new Promise((resolve) => {
    rpc.request(method, params, (answer) => resolve(answer.type === 'result' ? answer.result : undefined))
  })
}

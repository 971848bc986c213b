import type { AgentEvent } from '../domain/agent-event.js'
import type { AgentRequest, Provider } from '../providers/contract.js'

/** So many calls are remembered: a CLI refuses a call soon after it has told it, but sub-agents speak in between. */
const mostCalls = 256
/** Calls of which it is known that they were refused. */
const mostRefused = 20_000

/**
 * Makes one event of each refusal: what the call was about, which the CLI told before, and the entry of `allow:` that
 * would permit it. Undefined for a refusal that was told already: claude tells each as it comes and all of them again in
 * its final event.
 */
export function refusalLog(
  provider: Provider,
  { cwd, permissions, allow: allowed }: Pick<AgentRequest, 'cwd' | 'permissions' | 'allow'>,
): (event: AgentEvent) => AgentEvent | undefined {
  const calls = new Map<string, Extract<AgentEvent, { type: 'tool' }>>()
  const refused = new Map<string, true>()
  return (event) => {
    if (event.type === 'tool' && event.call !== undefined) remember(calls, event.call, event, mostCalls)
    if (event.type !== 'denied') return event
    const { call } = event
    if (call !== undefined && refused.has(call)) return undefined
    const began = call === undefined ? undefined : calls.get(call)
    if (call !== undefined) remember(refused, call, true, mostRefused)
    const { target = began?.target, about = began?.about } = event
    const asked = { tool: event.tool, message: event.message, ...(about === undefined ? {} : { about }) }
    const entry = permissions === 'edit' ? provider.allowEntry?.(asked, cwd) : undefined
    // One that stands there has not helped.
    const helps = entry !== undefined && !allowed.includes(entry)
    return { ...event, ...(target === undefined ? {} : { target }), ...(helps ? { allow: entry } : {}) }
  }
}

/** Forgets the oldest. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= most) return
    map.delete(oldest)
  }
}

import type { AgentEvent } from '../../domain/agent/agent-event.js'
import type { Provider, WorkRequest } from '../../providers/adapter/contract.js'

/**
 * How many calls are remembered: a CLI refuses a call soon after it has reported it, but sub-agents report in between.
 */
const maxCalls = 256
/** Calls of which it is known that they were refused. */
const maxRefused = 20_000

/**
 * Makes one event of each refusal: the call that it was about, which the CLI reported before, and the entry of
 * `allow:` that would permit it. Undefined for a refusal that was already reported: claude reports each one up to
 * three times, when it happens, with its result, and in its final event.
 */
export function refusalLog(
  provider: Provider,
  work: PermittedWork | undefined,
): (event: AgentEvent) => AgentEvent | undefined {
  const calls = new Map<string, ToolCall>()
  const refused = new Map<string, true>()
  return (event) => {
    if (event.type === 'tool' && event.call !== undefined) remember(calls, event.call, event, maxCalls)
    if (event.type !== 'denied') return event
    const { call } = event
    if (call === undefined) return completed(event, undefined, provider, work)
    if (refused.has(call)) return undefined
    remember(refused, call, true, maxRefused)
    return completed(event, calls.get(call), provider, work)
  }
}

/** The agent's permissions; a reviewer has others, without `allow:`. */
type PermittedWork = Pick<WorkRequest, 'cwd' | 'permissions' | 'allow'>
type ToolCall = Extract<AgentEvent, { type: 'tool' }>
type Denied = Extract<AgentEvent, { type: 'denied' }>

/** With what the call itself told. */
function completed(
  event: Denied,
  began: ToolCall | undefined,
  { allowEntry }: Pick<Provider, 'allowEntry'>,
  work: PermittedWork | undefined,
): Denied {
  const tool = began?.name ?? event.tool
  const { message, target = began?.target, about = began?.about } = event
  const known = { ...event, tool, ...(target === undefined ? {} : { target }) }
  if (work?.permissions !== 'edit' || event.byRule) return known
  const { cwd, allow: allowed } = work
  const entry = allowEntry?.({ tool, message, ...(about === undefined ? {} : { about }) }, cwd)
  // One that stands there has not helped.
  return entry === undefined || allowed.includes(entry) ? known : { ...known, allow: entry }
}

/** Forgets the oldest. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= most) return
    map.delete(oldest)
  }
}

import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { firstStringAt, objectAt, objectsAt, stringAt, type JsonObject } from '../adapter/json.js'
import { deniedEvent, toolEvent, type ToldCall } from '../adapter/line.js'
import type { AcpAgent, AcpCall } from './agent.js'

/** Calls at the same time, more than any agent makes; the oldest are forgotten. */
const maxCalls = 256
/** More of what a call is about is not kept: it names no one thing any more. */
const longestTarget = 2_000

type OpenCall =
  /** What it is about is not known yet. */
  | { readonly type: 'announced'; readonly call: AcpCall }
  /** Without what it is to do, which may be megabytes. */
  | { readonly type: 'told'; readonly told: ToldCall; readonly isRefused: boolean }

/**
 * The tool calls of a turn. An agent tells of one in pieces: that there will be one, what it is about, that it began,
 * what it printed, how it ended. A call is told once it is known what it is about.
 */
export class Calls {
  readonly #agent: AcpAgent
  readonly #open = new Map<string, OpenCall>()

  constructor(agent: AcpAgent) {
    this.#agent = agent
  }

  /** A `tool_call` or a `tool_call_update`. */
  update(update: JsonObject): readonly AgentEvent[] {
    const id = stringAt(update, 'toolCallId')
    if (id === undefined) return []
    const status = stringAt(update, 'status')
    if (status === 'completed' || status === 'failed') return this.#end(id, status, update)
    const open = this.#with(id, update)
    if (open.type === 'told') return []
    if (status === 'in_progress' || isAboutSomething(open.call)) return this.#tell(id, open).events
    this.#keep(id, open)
    return []
  }

  /** A permission that it asked for was not given. */
  refuse(update: JsonObject, message: string): readonly AgentEvent[] {
    const id = stringAt(update, 'toolCallId')
    if (id === undefined) return [deniedEvent({ name: 'a tool', target: stringAt(update, 'title') }, message)]
    const { told, events } = this.#tell(id, this.#with(id, update))
    this.#keep(id, { type: 'told', told, isRefused: true })
    return [...events, deniedEvent(told, message)]
  }

  #end(id: string, status: 'completed' | 'failed', update: JsonObject): readonly AgentEvent[] {
    const open = this.#with(id, update)
    const { told, events } = this.#tell(id, open)
    this.#open.delete(id)
    const ok = status === 'completed' && this.#agent.hasFailed?.(update) !== true
    const said = saidBy(update)
    const isKnown = ok || (open.type === 'told' && open.isRefused)
    const code = stringAt(objectAt(update, 'rawOutput'), 'code')
    const refused = isKnown ? undefined : this.#agent.refusalOf(said, code)
    const denied = refused ? [{ ...deniedEvent(told, said), ...refused }] : []
    return [...events, ...denied, { type: 'tool_ended', ok }]
  }

  #tell(id: string, open: OpenCall): { readonly told: ToldCall; readonly events: readonly AgentEvent[] } {
    if (open.type === 'told') return { told: open.told, events: [] }
    const { target, ...whole } = this.#agent.callOf(open.call)
    const told = { ...whole, target: target?.slice(0, longestTarget), call: id }
    this.#keep(id, { type: 'told', told, isRefused: false })
    return { told, events: [toolEvent(told)] }
  }

  #with(id: string, update: JsonObject): OpenCall {
    const open = this.#open.get(id)
    return open?.type === 'told' ? open : { type: 'announced', call: merged(open?.call, update) }
  }

  #keep(id: string, open: OpenCall): void {
    this.#open.set(id, open)
    const [oldest] = this.#open.keys()
    if (this.#open.size > maxCalls && oldest !== undefined) this.#open.delete(oldest)
  }
}

function merged(before: AcpCall | undefined, update: JsonObject): AcpCall {
  const title = stringAt(update, 'title') ?? before?.title
  const paths = objectsAt(update, 'locations').flatMap((location) => stringAt(location, 'path') ?? [])
  const input = objectAt(update, 'rawInput')
  return {
    id: stringAt(update, 'toolCallId') ?? '',
    ...{ title, firstTitle: before?.firstTitle ?? title },
    kind: stringAt(update, 'kind') ?? before?.kind,
    input: input !== undefined && Object.keys(input).length > 0 ? input : before?.input,
    paths: paths.length > 0 ? paths : (before?.paths ?? []),
    meta: objectAt(update, '_meta') ?? before?.meta,
  }
}

function isAboutSomething({ input, paths }: AcpCall): boolean {
  return input !== undefined || paths.length > 0
}

/** What a call that failed says about it. */
function saidBy(update: JsonObject): string {
  const output = objectAt(update, 'rawOutput')
  const texts = objectsAt(update, 'content').flatMap((part) => stringAt(objectAt(part, 'content'), 'text') ?? [])
  return stringAt(output, 'error') ?? stringAt(output, 'message') ?? texts.join(' ')
}

/** What a call is about, by the names of fields that several agents use, the most telling first. */
export function targetOf({ input, paths, title }: AcpCall, names: readonly string[]): string | undefined {
  const named = firstStringAt(input, names)
  return named ?? paths[0] ?? title
}

import type { AgentEvent, Usage } from '../../domain/agent/agent-event.js'
import { firstStringAt, numberAt, objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import {
  backgroundEvent,
  deniedEvent,
  sessionEvents,
  shortLine,
  textEvent,
  toolEvent,
  unknownEvent,
  unreadableEvent,
} from '../adapter/line.js'
import { resultFailure } from './failure.js'

/** One line of `--output-format stream-json`. Source: recorded streams of 0.61.0. */
export function readGeminiLine(line: string): readonly AgentEvent[] {
  if (line.trim() === '') return []
  const event = parseObject(line)
  if (!event) return [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  switch (type) {
    case 'init':
      return sessionEvents(stringAt(event, 'session_id'), stringAt(event, 'model'))
    case 'message':
      return stringAt(event, 'role') === 'assistant' ? [textEvent(stringAt(event, 'content') ?? '')] : []
    case 'tool_use':
      return [readCall(event)]
    case 'tool_result':
      return readToolEnd(event)
    case 'error':
      return readNotice(stringAt(event, 'message') ?? '')
    case 'result':
      return [readResult(event)]
    default:
      return [unknownEvent(type)]
  }
}

function readCall(event: JsonObject): AgentEvent {
  const name = stringAt(event, 'tool_name') ?? 'tool'
  const input = objectAt(event, 'parameters')
  const path = stringAt(input, 'file_path')
  const writes = path !== undefined && ['write_file', 'replace'].includes(name) ? [path] : []
  return toolEvent({ name, target: targetOf(input), call: stringAt(event, 'tool_id'), writes })
}

/** What a tool call is about, by the field names of the CLI's own tools; the most telling first. */
function targetOf(input: JsonObject | undefined): string | undefined {
  const names = ['command', 'file_path', 'pattern', 'dir_path', 'query', 'agent_name', 'prompt']
  return firstStringAt(input, names)
}

/** A path outside of the workspace, and a file of a build tool, no entry of `allow:` permits. */
const neverPermitted = /^path not in workspace|modifying build configuration files/i

/** A redirection, which would need a person's consent. Source: tried with 0.61.0. */
const unanswered = /requires user confirmation/i

/** How a refused call looks by what it says; undefined if it does not say that it was refused. */
export function refusalOf(message: string): { readonly byRule?: true } | undefined {
  if (neverPermitted.test(message)) return { byRule: true }
  return unanswered.test(message) || /denied by policy/i.test(message) ? {} : undefined
}

function readToolEnd(event: JsonObject): readonly AgentEvent[] {
  const isOk = stringAt(event, 'status') === 'success'
  const error = objectAt(event, 'error')
  const message = stringAt(error, 'message') ?? ''
  const refused = refusalOf(message) ?? (stringAt(error, 'type') === 'policy_violation' ? {} : undefined)
  if (isOk || !refused) return [{ type: 'tool_ended', ok: isOk }]
  const told = { name: 'a tool', target: undefined, call: stringAt(event, 'tool_id') }
  return [
    { type: 'tool_ended', ok: false },
    { ...deniedEvent(told, message), ...refused },
  ]
}

/** What ends a turn that goes on to say `success`. Source: the CLI's own code, 0.61.0. */
const cutOff = /^(loop detected|maximum session turns)/i

/** Others are warnings, or say again what the final event says. */
function readNotice(message: string): readonly AgentEvent[] {
  if (!cutOff.test(message)) return []
  const [id, what] = ['turn', shortLine(message)]
  return [backgroundEvent({ type: 'started', id, what }), backgroundEvent({ type: 'ended', id, through: false })]
}

function readResult(event: JsonObject): AgentEvent {
  const failed = resultFailure(event)
  return { type: 'result', ...(failed ? { failure: failed } : {}), usage: usageOf(objectAt(event, 'stats')) }
}

/** `input_tokens` includes the cached ones; of this process alone, not of the whole conversation. No cost is told. */
function usageOf(stats: JsonObject | undefined): Usage {
  return {
    inputTokens: numberAt(stats, 'input_tokens') ?? 0,
    cachedInputTokens: numberAt(stats, 'cached') ?? 0,
    outputTokens: numberAt(stats, 'output_tokens') ?? 0,
  }
}

import type { AgentEvent, Usage } from '../../domain/agent/agent-event.js'
import { numberAt, objectAt, objectsAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import {
  backgroundEvent,
  clipText,
  deniedEvent,
  shortLine,
  textEvent,
  toolEvent,
  unknownEvent,
  unreadableEvent,
} from '../adapter/line.js'
import { kindOfMessage, turnFailure } from './failure.js'

/** One line of `codex exec --json`. Source: recorded streams of 0.169.0. */
export function readCodexLine(line: string): readonly AgentEvent[] {
  if (line.trim() === '') return []
  const event = parseObject(line)
  if (!event) return [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  const item = objectAt(event, 'item')
  switch (type) {
    case 'thread.started': {
      const sessionId = stringAt(event, 'thread_id')
      return sessionId === undefined ? [] : [{ type: 'session', sessionId }]
    }
    case 'turn.started':
    case 'item.updated':
      return []
    case 'item.started':
      return readStarted(item)
    case 'item.completed':
      return readCompleted(item)
    case 'error':
      // Reconnect notices and the last message before `turn.failed` look the same; only the latter event is final.
      return [retryEvent(stringAt(event, 'message') ?? '')]
    case 'turn.completed':
      return [{ type: 'result', usage: usageOf(objectAt(event, 'usage')) }]
    case 'turn.failed':
      return [{ type: 'result', failure: turnFailure(clipText(stringAt(objectAt(event, 'error'), 'message') ?? '')) }]
    default:
      return [unknownEvent(type)]
  }
}

function retryEvent(message: string): AgentEvent {
  const kind = kindOfMessage(clipText(message))
  return { type: 'retrying', message: shortLine(message), ...(kind === undefined ? {} : { kind }) }
}

function readStarted(item: JsonObject | undefined): readonly AgentEvent[] {
  const name = toolName(item)
  if (name === undefined) return []
  return [toolEvent({ name, target: targetOf(item), writes: changedPaths(item) }), ...readBegun(item)]
}

/**
 * A command that runs for long is handed back to the model unfinished. When the turn ends, it is ended, too, without
 * an `item.completed`. Source: recorded streams of 0.171.0.
 */
function readBegun(item: JsonObject | undefined): readonly AgentEvent[] {
  const id = commandId(item)
  return id === undefined
    ? []
    : [backgroundEvent({ type: 'started', id, what: shortLine(targetOf(item) ?? 'a command') })]
}

function readThrough(item: JsonObject | undefined): readonly AgentEvent[] {
  const id = commandId(item)
  return id === undefined ? [] : [backgroundEvent({ type: 'ended', id, through: true })]
}

function commandId(item: JsonObject | undefined): string | undefined {
  return stringAt(item, 'type') === 'command_execution' ? stringAt(item, 'id')?.slice(0, 200) : undefined
}

/** An item of type `error` is a warning, such as unknown model metadata; it isn't a failure. */
function readCompleted(item: JsonObject | undefined): readonly AgentEvent[] {
  const type = stringAt(item, 'type') ?? ''
  if (type === 'agent_message') return [textEvent(stringAt(item, 'text') ?? '')]
  if (type === 'error' || type === 'reasoning' || type === 'todo_list') return []
  const name = toolName(item)
  // Whatever it was about, a refusal counts. Item ids start again with each turn, and each is reported once.
  if (stringAt(item, 'status') === 'declined')
    return [
      deniedEvent({ name: name ?? (type === '' ? 'a tool' : type), target: targetOf(item) }, 'declined'),
      ...readThrough(item),
    ]
  if (name === undefined) return [unknownEvent(`item ${type}`)]
  return [{ type: 'tool_ended', ok: endedWell(item), name }, ...readThrough(item)]
}

function endedWell(item: JsonObject | undefined): boolean {
  const exitCode = item?.exit_code
  return stringAt(item, 'status') !== 'failed' && (typeof exitCode !== 'number' || exitCode === 0)
}

function toolName(item: JsonObject | undefined): string | undefined {
  const type = stringAt(item, 'type')
  if (type === 'command_execution') return 'shell'
  if (type === 'file_change') return 'edit'
  if (type === 'mcp_tool_call') return shortLine(stringAt(item, 'tool') ?? 'mcp', 60)
  return type === 'web_search' ? type : undefined
}

function targetOf(item: JsonObject | undefined): string | undefined {
  const command = stringAt(item, 'command')
  if (command !== undefined) return innerCommand(command)
  const paths = changedPaths(item)
  if (paths[0] !== undefined) return paths.length === 1 ? paths[0] : `${paths[0]} and ${paths.length - 1} more`
  return stringAt(item, 'query') ?? stringAt(item, 'server')
}

/** Of an item of type `file_change`. */
function changedPaths(item: JsonObject | undefined): readonly string[] {
  return objectsAt(item, 'changes').flatMap((change) => stringAt(change, 'path') ?? [])
}

/** Every command is wrapped in `/bin/bash -lc "…"`; the inner command says more. */
function innerCommand(command: string): string {
  const inner = /^\S*sh -l?c (.+)$/s.exec(command)?.[1]
  if (inner === undefined) return command
  return inner.length > 1 && /^['"]/.test(inner) && inner.endsWith(inner.charAt(0)) ? inner.slice(1, -1) : inner
}

/** `input_tokens` includes the cached ones. Codex reports no cost. */
function usageOf(usage: JsonObject | undefined): Usage {
  return {
    inputTokens: numberAt(usage, 'input_tokens') ?? 0,
    cachedInputTokens: numberAt(usage, 'cached_input_tokens') ?? 0,
    outputTokens: numberAt(usage, 'output_tokens') ?? 0,
  }
}

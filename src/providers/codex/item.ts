import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { objectsAt, stringAt, type JsonObject } from '../adapter/json.js'
import { backgroundEvent, deniedEvent, shortLine, textEvent, toolEvent, unknownEvent } from '../adapter/line.js'

/**
 * An item as `codex exec` writes it. `call`: codex's own name for the tool call, where it is unique; the ids that `exec`
 * writes start again with each turn.
 */
export function readStarted(item: JsonObject | undefined, call?: string): readonly AgentEvent[] {
  const name = toolName(item)
  if (name === undefined) return []
  return [toolEvent({ name, target: targetOf(item), writes: changedPaths(item), call }), ...readBegun(item)]
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
export function readCompleted(item: JsonObject | undefined, call?: string): readonly AgentEvent[] {
  const type = stringAt(item, 'type') ?? ''
  if (type === 'agent_message') return [textEvent(stringAt(item, 'text') ?? '')]
  if (type === 'error' || type === 'reasoning' || type === 'todo_list') return []
  const name = toolName(item)
  // Whatever it was about, a refusal counts.
  if (stringAt(item, 'status') === 'declined')
    return [
      deniedEvent({ name: name ?? (type === '' ? 'a tool' : type), target: targetOf(item), call }, 'declined'),
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
export function innerCommand(command: string): string {
  const inner = /^\S*sh -l?c (.+)$/s.exec(command)?.[1]
  if (inner === undefined) return command
  return inner.length > 1 && /^['"]/.test(inner) && inner.endsWith(inner.charAt(0)) ? inner.slice(1, -1) : inner
}

/** An item as app-server writes it: the same in other letters. What `exec` leaves out is left out. */
export function readServerItem(item: JsonObject | undefined, isCompleted: boolean): readonly AgentEvent[] {
  const type = (stringAt(item, 'type') ?? '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const same = { ...item, type, exit_code: item?.exitCode }
  const call = stringAt(item, 'id')
  const events = isCompleted ? readCompleted(same, call) : readStarted(same, call)
  return events.filter((event) => event.type !== 'unknown')
}

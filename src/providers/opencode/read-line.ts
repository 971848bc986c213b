import { withCost, type AgentEvent, type Usage } from '../../domain/agent/agent-event.js'
import { present } from '../../domain/present.js'
import { firstStringAt, numberAt, objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import {
  clipText,
  deniedEvent,
  sessionEvents,
  shortLine,
  textEvent,
  toolEvent,
  unknownEvent,
  unreadableEvent,
  usageEvents,
  type ToldCall,
} from '../adapter/line.js'
import { stopFailure } from '../adapter/failure-text.js'
import { errorFailure, kindOfMessage } from './failure.js'
import { guardRefusal } from './guard.js'

/** One line of `opencode run --format json`. Source: recorded streams of 1.18.33. */
export function readOpencodeLine(line: string): readonly AgentEvent[] {
  if (line.trim() === '') return []
  const event = parseObject(line)
  if (!event) return [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  const part = objectAt(event, 'part')
  switch (type) {
    case 'step_start':
      return sessionEvents(stringAt(event, 'sessionID'))
    case 'text':
      return [textEvent(stringAt(part, 'text') ?? '')]
    case 'reasoning':
      return []
    case 'tool_use':
      return readTool(part)
    case 'step_finish':
      return readStep(part)
    case 'step_used':
      return readUsed(part)
    case 'retry':
      return [retryEvent(stringAt(event, 'message') ?? '')]
    case 'error':
      return [{ type: 'result', failure: errorFailure(event), ...present({ sessionId: stringAt(event, 'sessionID') }) }]
    default:
      return [unknownEvent(type)]
  }
}

/** Of the plugin: opencode itself says nothing of its retries. */
function retryEvent(message: string): AgentEvent {
  return { type: 'retrying', message: shortLine(message), ...present({ kind: kindOfMessage(clipText(message)) }) }
}

/** A tool call is told when it has ended. */
function readTool(part: JsonObject | undefined): readonly AgentEvent[] {
  const state = objectAt(part, 'state')
  const input = objectAt(state, 'input')
  const name = stringAt(part, 'tool') ?? 'tool'
  const told = { name, target: targetOf(input), call: stringAt(part, 'callID'), writes: writtenBy(name, input) }
  const error = stringAt(state, 'error') ?? ''
  return [
    toolEvent(told),
    ...readRefusal(told, error),
    { type: 'tool_ended', ok: endedWell(state), name: shortLine(name, 60) },
  ]
}

/** By a rule, by the plugin, or because the tool is forbidden altogether and so not on offer. */
const refusals =
  /^The user (?:has specified a rule which prevents|rejected permission)|^Model tried to call unavailable tool/

function readRefusal(told: ToldCall, error: string): readonly AgentEvent[] {
  return isRefusal(error) ? [deniedEvent(told, error)] : []
}

export function isRefusal(error: string): boolean {
  return refusals.test(error) || error.includes(guardRefusal)
}

function endedWell(state: JsonObject | undefined): boolean {
  const exit = objectAt(state, 'metadata')?.exit
  return stringAt(state, 'status') === 'completed' && (typeof exit !== 'number' || exit === 0)
}

/** What a tool call is about, by the field names of the CLI's own tools; the most telling first. */
export function targetOf(input: JsonObject | undefined): string | undefined {
  const names = ['filePath', 'command', 'pattern', 'path', 'url', 'query', 'description', 'name']
  return firstStringAt(input, names) ?? patchedBy(input)[0]
}

export function writtenBy(tool: string, input: JsonObject | undefined): readonly string[] {
  if (tool === 'apply_patch' || tool === 'patch') return patchedBy(input)
  const path = stringAt(input, 'filePath')
  return (tool === 'write' || tool === 'edit') && path !== undefined ? [path] : []
}

/** The tool that models of OpenAI get in place of `edit` and `write`. */
function patchedBy(input: JsonObject | undefined): readonly string[] {
  const patch = stringAt(input, 'patchText') ?? ''
  return [...patch.matchAll(/^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+)$/gm)].map(
    ([, path = '']) => path,
  )
}

/**
 * The end of a step. After `tool-calls` a further step follows, and after `unknown`, an answer that it could not read,
 * the same one again. A refused permission may also end the turn after `tool-calls`: that is no success.
 */
function readStep(part: JsonObject | undefined): readonly AgentEvent[] {
  const used = readUsed(part)
  const reason = stringAt(part, 'reason') ?? 'no reason'
  if (reason === 'tool-calls' || reason === 'unknown') return used
  return [
    ...used,
    { type: 'result', ...(reason === 'stop' ? {} : { failure: stopFailure('opencode', shortLine(reason, 60)) }) },
  ]
}

function readUsed(part: JsonObject | undefined): readonly AgentEvent[] {
  return usageEvents(stringAt(part, 'id'), usageOf(part))
}

/** Of one step. A cost of 0 is one that it does not know: of a model without prices, or of a subscription. */
function usageOf(part: JsonObject | undefined): Usage {
  const tokens = objectAt(part, 'tokens')
  const cache = objectAt(tokens, 'cache')
  const cachedInputTokens = numberAt(cache, 'read') ?? 0
  const fresh = (numberAt(tokens, 'input') ?? 0) + (numberAt(cache, 'write') ?? 0)
  const written = (numberAt(tokens, 'output') ?? 0) + (numberAt(tokens, 'reasoning') ?? 0)
  const costUsd = numberAt(part, 'cost')
  return withCost(
    { inputTokens: fresh + cachedInputTokens, cachedInputTokens, outputTokens: written },
    costUsd === 0 ? undefined : costUsd,
  )
}

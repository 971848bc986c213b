import { withCost, type AgentEvent, type Usage } from '../../domain/agent/agent-event.js'
import { present } from '../../domain/present.js'
import {
  firstStringAt,
  numberAt,
  objectAt,
  objectsAt,
  parseObject,
  stringAt,
  type JsonObject,
} from '../adapter/json.js'
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
} from '../adapter/line.js'
import { stopFailure } from '../adapter/failure-text.js'
import { isRetried, kindOfMessage, messageFailure } from './failure.js'

/** Events that tell nothing that is needed. Source: recorded streams and types of 0.73.1. */
const silent: ReadonlySet<string> = new Set([
  ...['agent_start', 'turn_start', 'turn_end', 'message_start', 'message_update', 'tool_execution_update'],
  ...['queue_update', 'session_info_changed', 'thinking_level_changed'],
])

/** One line of `pi --mode json`. Source: recorded streams of 0.73.1. */
export function readPiLine(line: string): readonly AgentEvent[] {
  // Each of them has the whole message so far.
  if (line.trim() === '' || line.startsWith('{"type":"message_update"')) return []
  const event = parseObject(line)
  if (!event) return [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  switch (type) {
    case 'session':
      return sessionEvents(stringAt(event, 'id'))
    case 'message_end':
      return readMessage(objectAt(event, 'message'))
    case 'tool_execution_start':
      return [toolEvent(callOf(event))]
    case 'tool_execution_end':
      return readToolEnd(event)
    case 'agent_end':
      return readEnd(event)
    case 'auto_retry_start':
      return [retryEvent(stringAt(event, 'errorMessage') ?? '')]
    case 'auto_retry_end':
      return event.success === true
        ? []
        : [{ type: 'result', failure: messageFailure(clipText(stringAt(event, 'finalError') ?? '')) }]
    case 'compaction_start':
      // Then it tries again what did not fit.
      return stringAt(event, 'reason') === 'overflow' ? [retryEvent('the context was full', 'context')] : []
    case 'compaction_end':
      return readCompaction(event)
    default:
      return silent.has(type) ? [] : [unknownEvent(type)]
  }
}

function retryEvent(message: string, kind = kindOfMessage(clipText(message))): AgentEvent {
  return { type: 'retrying', message: shortLine(message), ...present({ kind }) }
}

function readCompaction(event: JsonObject): readonly AgentEvent[] {
  const message = stringAt(event, 'errorMessage')
  if (stringAt(event, 'reason') !== 'overflow' || event.willRetry === true || message === undefined) return []
  return [{ type: 'result', failure: { ...messageFailure(clipText(message)), kind: 'context' } }]
}

/** Of the model; those of the user and of tools are told elsewhere. */
function readMessage(message: JsonObject | undefined): readonly AgentEvent[] {
  if (stringAt(message, 'role') !== 'assistant') return []
  const text = objectsAt(message, 'content')
    .filter(({ type }) => type === 'text')
    .map((block) => stringAt(block, 'text') ?? '')
    .join('')
  const usage = usageOf(objectAt(message, 'usage'))
  const call = stringAt(message, 'responseId') ?? String(numberAt(message, 'timestamp') ?? '')
  return [...usageEvents(call, usage), ...(text === '' ? [] : [textEvent(text)])]
}

function callOf(event: JsonObject) {
  const name = stringAt(event, 'toolName') ?? 'tool'
  const input = objectAt(event, 'args')
  const target = firstStringAt(input, ['path', 'command', 'pattern'])
  const path = stringAt(input, 'path')
  const writes = (name === 'write' || name === 'edit') && path !== undefined ? [path] : []
  return { name, target, call: stringAt(event, 'toolCallId'), writes }
}

/** A refusal shows only in this: the tool is not on offer. */
function readToolEnd(event: JsonObject): readonly AgentEvent[] {
  const name = stringAt(event, 'toolName') ?? 'tool'
  const said = objectsAt(objectAt(event, 'result'), 'content').map((block) => stringAt(block, 'text') ?? '')
  const ok = event.isError !== true
  const isRefused = !ok && said.some((text) => /^Tool \S+ not found$/.test(text))
  const refused = { name, target: undefined, call: stringAt(event, 'toolCallId') }
  return [
    ...(isRefused ? [deniedEvent(refused, said.join(' '))] : []),
    { type: 'tool_ended', ok, name: shortLine(name, 60) },
  ]
}

/** The end of a turn, or of one of several attempts at it: pi tries some errors again, and the process ends with 0. */
function readEnd(event: JsonObject): readonly AgentEvent[] {
  const last = objectsAt(event, 'messages').findLast((message) => stringAt(message, 'role') === 'assistant')
  const reason = stringAt(last, 'stopReason') ?? 'no answer'
  if (reason === 'stop') return [{ type: 'result' }]
  const message = clipText(stringAt(last, 'errorMessage') ?? '')
  if (reason !== 'error') return [{ type: 'result', failure: stopFailure('pi', shortLine(reason, 60)) }]
  return isRetried(message) ? [retryEvent(message)] : [{ type: 'result', failure: messageFailure(message) }]
}

/** Of one call of the model. A cost of 0 is one that it does not know: of a model without prices, or of a subscription. */
function usageOf(usage: JsonObject | undefined): Usage {
  const cachedInputTokens = numberAt(usage, 'cacheRead') ?? 0
  const fresh = (numberAt(usage, 'input') ?? 0) + (numberAt(usage, 'cacheWrite') ?? 0)
  const costUsd = numberAt(objectAt(usage, 'cost'), 'total')
  return withCost(
    { inputTokens: fresh + cachedInputTokens, cachedInputTokens, outputTokens: numberAt(usage, 'output') ?? 0 },
    costUsd === 0 ? undefined : costUsd,
  )
}

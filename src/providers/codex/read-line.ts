import type { AgentEvent, Usage } from '../../domain/agent/agent-event.js'
import { numberAt, objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import { clipText, sessionEvents, unknownEvent, unreadableEvent } from '../adapter/line.js'
import { retryEvent, turnFailure } from './failure.js'
import { readCompleted, readStarted } from './item.js'

/** One line of `codex exec --json`. Source: recorded streams of 0.169.0. */
export function readCodexLine(line: string): readonly AgentEvent[] {
  if (line.trim() === '') return []
  const event = parseObject(line)
  if (!event) return [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  const item = objectAt(event, 'item')
  switch (type) {
    case 'thread.started':
      return sessionEvents(stringAt(event, 'thread_id'))
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

/** `input_tokens` includes the cached ones. Codex reports no cost. */
function usageOf(usage: JsonObject | undefined): Usage {
  return {
    inputTokens: numberAt(usage, 'input_tokens') ?? 0,
    cachedInputTokens: numberAt(usage, 'cached_input_tokens') ?? 0,
    outputTokens: numberAt(usage, 'output_tokens') ?? 0,
  }
}

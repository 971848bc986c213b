import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { present } from '../../domain/present.js'
import { firstStringAt, numberAt, objectAt, parseObject, stringAt, type JsonObject } from '../adapter/json.js'
import { deniedEvent, shortLine, textEvent, toolEvent, unknownEvent, unreadableEvent } from '../adapter/line.js'
import { exitFailure, kindsOfRetry, sessionFailure } from './failure.js'

/** Events that tell nothing that is needed. Source: recorded streams of 1.0.102. */
const silent =
  /^(?:user\.message|abort|agent\.interrupted|model\.\w+|session\.\w+|tool\.(?:execution_partial_result|shell_output)|assistant\.(?:turn_start|turn_end|idle|message_start|message_delta|tool_call_delta|reasoning\w*|intent|usage))$/

/** One line of `copilot --output-format json`. Source: recorded streams of 1.0.102. */
export function readCopilotLine(line: string): readonly AgentEvent[] {
  if (line.trim() === '') return []
  const event = parseObject(line)
  if (!event) return [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  const data = objectAt(event, 'data')
  switch (type) {
    case 'assistant.message': {
      const text = stringAt(data, 'content') ?? ''
      return text === '' ? [] : [textEvent(text)]
    }
    case 'tool.execution_start':
      return [toolEvent(callOf(data))]
    case 'tool.execution_complete':
      return readEnd(data)
    case 'assistant.turn_retry':
      return [retryEvent(stringAt(data, 'reason') ?? '')]
    case 'session.error':
      return [{ type: 'result', failure: sessionFailure(data) }]
    case 'result':
      return [readResult(event)]
    default:
      return silent.test(type) ? [] : [unknownEvent(type)]
  }
}

function retryEvent(reason: string): AgentEvent {
  return { type: 'retrying', message: shortLine(reason), ...present({ kind: kindsOfRetry.get(reason) }) }
}

function callOf(data: JsonObject | undefined) {
  const name = stringAt(data, 'toolName') ?? 'tool'
  const input = objectAt(data, 'arguments')
  const path = stringAt(input, 'path')
  const writes = (name === 'create' || name === 'edit') && path !== undefined ? [path] : []
  return { name, target: targetOf(input), call: stringAt(data, 'toolCallId'), writes }
}

/** What a tool call is about, by the field names of the CLI's own tools; the most telling first. */
function targetOf(input: JsonObject | undefined): string | undefined {
  const names = ['path', 'command', 'pattern', 'url', 'query', 'description']
  return firstStringAt(input, names)
}

/** A tool that is not on offer is refused, too. */
export function isRefused(message: string, code: string | undefined): boolean {
  return code === 'denied' || code === 'rejected' || /^Tool '.{1,100}' does not exist/.test(message)
}

function readEnd(data: JsonObject | undefined): readonly AgentEvent[] {
  const error = objectAt(data, 'error')
  const message = stringAt(error, 'message') ?? ''
  const refused = { name: 'a tool', target: undefined, call: stringAt(data, 'toolCallId') }
  const exitCode = objectAt(data, 'shellExecution')?.exitCode
  const ok = data?.success === true && (typeof exitCode !== 'number' || exitCode === 0)
  return [
    ...(isRefused(message, stringAt(error, 'code')) ? [deniedEvent(refused, message)] : []),
    { type: 'tool_ended', ok },
  ]
}

/** After TERM it says 0, which autopilot doesn't believe. */
function readResult(event: JsonObject): AgentEvent {
  const exitCode = numberAt(event, 'exitCode')
  const failure = exitCode === 0 ? undefined : exitFailure(exitCode)
  return { type: 'result', ...present({ failure, sessionId: stringAt(event, 'sessionId') }) }
}

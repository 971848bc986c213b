import { type AgentEvent, type Usage } from '../../domain/agent/agent-event.js'
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
import { isServerError, resultFailure } from './failure.js'

/** One line of `--output-format stream-json`. Source: recorded streams of 0.24.4. */
export function readQwenLine(line: string): readonly AgentEvent[] {
  if (line.trim() === '') return []
  const event = parseObject(line)
  if (!event) return cutSuccess.test(line) ? [{ type: 'result' }] : [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  switch (type) {
    case 'system':
      return readSystem(event)
    case 'assistant':
      return readAssistant(event)
    case 'user':
      return readResults(event)
    case 'result':
      return [...readDenials(event), readResult(event)]
    case 'stream_event':
      return []
    default:
      return [unknownEvent(type)]
  }
}

/**
 * A final event that lost its end: of a large answer, which it repeats, the CLI writes only as much as fits into the
 * pipe. What it says before the answer is whole, and the answer itself came before.
 */
const cutSuccess =
  /^\{"type":"result","subtype":"success",(?:"(?:uuid|session_id)":"[\w-]*",)*"is_error":false,"duration_ms":\d+,(?:"\w+":\d+,)*"result":"/

function readSystem(event: JsonObject): readonly AgentEvent[] {
  const subtype = stringAt(event, 'subtype') ?? ''
  if (subtype === 'init') return sessionEvents(stringAt(event, 'session_id'), stringAt(event, 'model'))
  return subtype === 'retry' ? [retryEvent(objectAt(event, 'data'))] : [unknownEvent(`system ${subtype}`)]
}

/** Why it tries again stands only on stderr; but it counts, and waits, only if the server is too busy for it. */
function retryEvent(data: JsonObject | undefined): AgentEvent {
  const attempt = numberAt(data, 'attempt')
  if (attempt === undefined) return { type: 'retrying', message: 'retry' }
  const wait = Math.round((numberAt(data, 'delayMs') ?? 0) / 1000)
  const message = `retry ${attempt}/${numberAt(data, 'maxRetries') ?? '?'} in ${wait} s`
  return { type: 'retrying', message, kind: 'rate_limit' }
}

/** What a sub-agent says is not the agent's word. */
function readAssistant(event: JsonObject): readonly AgentEvent[] {
  const message = objectAt(event, 'message')
  const used = usageEvents(stringAt(message, 'id'), usageOf(objectAt(message, 'usage')))
  const isOwn = stringAt(event, 'parent_tool_use_id') === undefined
  const parts = objectsAt(message, 'content').flatMap((block): AgentEvent[] => {
    const text = stringAt(block, 'text')
    if (block.type === 'text' && text !== undefined) return isOwn && !isServerError(text) ? [textEvent(text)] : []
    return block.type === 'tool_use' ? [toolEvent(callOf(block))] : []
  })
  return [...used, ...parts]
}

function callOf(block: JsonObject) {
  const name = stringAt(block, 'name') ?? 'tool'
  const input = objectAt(block, 'input')
  const path = stringAt(input, 'file_path') ?? stringAt(input, 'notebook_path')
  const writes = path !== undefined && ['write_file', 'edit', 'notebook_edit'].includes(name) ? [path] : []
  return { name, target: targetOf(input), call: stringAt(block, 'id'), writes }
}

/** The field names of the CLI's own tools; the most telling first. */
export const telling: readonly string[] = [
  ...['command', 'file_path', 'notebook_path', 'pattern', 'path', 'url', 'query', 'description', 'name'],
]

/** What a tool call is about. */
function targetOf(input: JsonObject | undefined): string | undefined {
  return firstStringAt(input, telling)
}

/** By a rule, because nobody was there to be asked, or because the tool is not on offer. */
const refusals = new RegExp(
  [
    '^Qwen Code requires permission to use',
    '^This "[^"]{1,100}" invocation was denied by permission rules',
    '^"[^"]{1,100}" is not listed in the active core tools allowlist',
    '^Tool "[^"]{1,100}" not found in registry',
  ].join('|'),
)

/** What a call that failed says if it was refused. */
export function isRefused(said: string): boolean {
  return refusals.test(said)
}

/** autopilot's own rules, which no entry of `allow:` lifts; that no command at all is allowed is none of them. */
const byRuleTexts = /denied by permission rules|Matching deny rule: "(?!run_shell_command"|write_file"|edit")/

function readResults(event: JsonObject): readonly AgentEvent[] {
  const blocks = objectsAt(objectAt(event, 'message'), 'content').filter(({ type }) => type === 'tool_result')
  return blocks.flatMap((block): AgentEvent[] => {
    const ok = block.is_error !== true
    const said = clipText(stringAt(block, 'content') ?? '')
    if (ok || !isRefused(said)) return [{ type: 'tool_ended', ok }]
    const denied = deniedEvent({ name: 'a tool', target: undefined, call: stringAt(block, 'tool_use_id') }, said)
    return [{ type: 'tool_ended', ok }, byRuleTexts.test(said) ? { ...denied, byRule: true } : denied]
  })
}

/** What this process was refused, reported before or not. */
function readDenials(event: JsonObject): readonly AgentEvent[] {
  return objectsAt(event, 'permission_denials').map((denial) => {
    const name = shortLine(stringAt(denial, 'tool_name') ?? 'a tool', 60)
    const told = { name, target: targetOf(objectAt(denial, 'tool_input')), call: stringAt(denial, 'tool_use_id') }
    return deniedEvent(told, '')
  })
}

function readResult(event: JsonObject): AgentEvent {
  const text = stringAt(event, 'result')
  return {
    type: 'result',
    usage: usageOf(objectAt(event, 'usage')),
    ...present({ failure: resultFailure(event), text: text === undefined ? undefined : clipText(text) }),
  }
}

/** `input_tokens` includes the cached ones; in the final event it is of the whole conversation. No cost is told. */
function usageOf(usage: JsonObject | undefined): Usage {
  return {
    inputTokens: numberAt(usage, 'input_tokens') ?? 0,
    cachedInputTokens: numberAt(usage, 'cache_read_input_tokens') ?? 0,
    outputTokens: numberAt(usage, 'output_tokens') ?? 0,
  }
}

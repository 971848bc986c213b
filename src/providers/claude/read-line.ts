import { present } from '../../domain/present.js'
import { addUsage, noUsage, withCost, type AgentEvent, type Usage } from '../../domain/agent/agent-event.js'
import { kindOfHttpStatus } from '../adapter/failure-text.js'
import {
  asObject,
  firstStringAt,
  momentAt,
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
import { readBackground, readSchedule, readStop, readWakeUp } from './background.js'
import { resultFailure } from './failure.js'

/** One line of `--output-format stream-json --verbose`. Source: recorded streams of 2.1.330 and 2.1.197. */
export function readClaudeLine(line: string): readonly AgentEvent[] {
  if (line.trim() === '') return []
  const event = parseObject(line)
  if (!event) return [unreadableEvent(line)]
  const type = stringAt(event, 'type') ?? 'no type'
  switch (type) {
    case 'system':
      return readSystem(event)
    case 'assistant':
      return readAssistant(event)
    case 'user':
      return readUser(event)
    case 'rate_limit_event':
      return readRateLimit(event)
    case 'result':
      return [...readDenials(event), readResult(event)]
    case 'command_lifecycle':
      return readWakeUp(event)
    default:
      return [unknownEvent(type)]
  }
}

function readSystem(event: JsonObject): readonly AgentEvent[] {
  const subtype = stringAt(event, 'subtype') ?? ''
  switch (subtype) {
    case 'init':
      return sessionEvents(stringAt(event, 'session_id'), stringAt(event, 'model'))
    case 'permission_denied': {
      return [deniedEvent(deniedCall(event), stringAt(event, 'message') ?? '')]
    }
    case 'api_retry':
      return [retryEvent(event)]
    case 'background_tasks_changed':
    case 'task_started':
    case 'task_updated':
    case 'task_notification':
      return readBackground(subtype, event)
    default:
      return [unknownEvent(`system ${subtype}`)]
  }
}

function retryEvent(event: JsonObject): AgentEvent {
  const kind = kindOfHttpStatus(numberAt(event, 'error_status') ?? 0)
  return { type: 'retrying', message: retryMessage(event), ...(kind === undefined ? {} : { kind }) }
}

function retryMessage(event: JsonObject): string {
  const status = numberAt(event, 'error_status')
  const error = stringAt(event, 'error') ?? 'error'
  const count = `${numberAt(event, 'attempt') ?? '?'}/${numberAt(event, 'max_retries') ?? '?'}`
  return shortLine(`${error}${status === undefined ? '' : ` (${status})`}, retry ${count}`)
}

/**
 * Text of a sub-agent and the CLI's own error texts are not the agent's words: the latter come again in the final
 * event, as a failure.
 */
function readAssistant(event: JsonObject): readonly AgentEvent[] {
  const message = objectAt(event, 'message')
  const used = usageEvents(stringAt(message, 'id'), mainUsage(objectAt(message, 'usage')))
  const own = stringAt(event, 'parent_tool_use_id') === undefined && event.is_api_error_message !== true
  const parts = objectsAt(message, 'content').flatMap((block): AgentEvent[] => {
    const text = stringAt(block, 'text')
    if (block.type === 'text' && text !== undefined && own) return [textEvent(text)]
    if (block.type !== 'tool_use') return []
    const [name, input] = [stringAt(block, 'name') ?? 'tool', objectAt(block, 'input')]
    const told = { name, target: targetOf(input), call: stringAt(block, 'id'), writes: writtenBy(name, input) }
    return [toolEvent(told), ...readStop(name, input)]
  })
  return [...used, ...parts]
}

/** Source: the input of the CLI's own tools, recorded with 2.1.330 and 2.1.332. */
function writtenBy(tool: string, input: JsonObject | undefined): readonly string[] {
  if (!['Write', 'Edit', 'MultiEdit', 'NotebookEdit'].includes(tool)) return []
  const path = stringAt(input, 'file_path') ?? stringAt(input, 'notebook_path')
  return path === undefined ? [] : [path]
}

/** What a tool call is about, by the field names of the CLI's own tools; the most telling first. */
function targetOf(input: JsonObject | undefined): string | undefined {
  const names = ['file_path', 'notebook_path', 'command', 'pattern', 'path', 'url', 'query', 'description', 'skill']
  return firstStringAt(input, names)
}

/**
 * A refusal by a rule or a hook of the user's has no event of its own; it shows in the tool's result. Source: observed
 * with 2.1.330 and 2.1.332.
 */
function readUser(event: JsonObject): readonly AgentEvent[] {
  const ends = objectsAt(objectAt(event, 'message'), 'content').filter(({ type }) => type === 'tool_result')
  const rejected = new Map(
    objectsAt(event, 'tool_result_meta')
      .filter(isRejection)
      .map((meta) => [meta.id, meta]),
  )
  const told = ends.flatMap((block): AgentEvent[] => {
    const call = stringAt(block, 'tool_use_id')
    const ended = { type: 'tool_ended', ok: block.is_error !== true } as const
    const rejection = call === undefined ? undefined : rejected.get(call)
    if (!rejection) return [ended]
    const denied = deniedEvent({ name: 'a tool', target: undefined, call }, stringAt(block, 'content') ?? '')
    return [isByRule(rejection) ? { ...denied, byRule: true } : denied, ended]
  })
  return [...reportUse(event), ...told, ...readSchedule(event)]
}

function isRejection(meta: JsonObject): boolean {
  return stringAt(objectAt(meta, 'permission_decision'), 'decision') === 'reject'
}

function isByRule(meta: JsonObject): boolean {
  const decision = objectAt(meta, 'permission_decision')
  const kind = stringAt(meta, 'non_execution_kind')
  return (
    kind === 'permission-rule' ||
    stringAt(decision, 'source') === 'hook' ||
    stringAt(decision, 'reason_type') === 'rule'
  )
}

/** The refused call, from its own event or from the list in the final event, which has its input, too. */
export function deniedCall(denial: JsonObject) {
  const name = stringAt(denial, 'tool_name') ?? 'a tool'
  const input = objectAt(denial, 'tool_input') ?? objectAt(denial, 'input')
  return { name, target: targetOf(input), call: stringAt(denial, 'tool_use_id') }
}

/**
 * Everything that this process was refused, reported before or not; a resumed conversation doesn't repeat earlier
 * refusals.
 */
function readDenials(event: JsonObject): readonly AgentEvent[] {
  return objectsAt(event, 'permission_denials').map((denial) => deniedEvent(deniedCall(denial), ''))
}

/** The same event also announces windows that are not used up; those are not limits. `resetsAt` is in epoch seconds. */
function readRateLimit(event: JsonObject): readonly AgentEvent[] {
  const info = objectAt(event, 'rate_limit_info')
  if (stringAt(info, 'status') !== 'rejected' || info?.isUsingOverage === true) return []
  return [{ type: 'limit', ...present({ retryAt: momentAt(info, 'resetsAt', 1000) }) }]
}

function readResult(event: JsonObject): AgentEvent {
  const failure = resultFailure(event)
  const text = stringAt(event, 'result')
  const turns = numberAt(event, 'num_turns')
  const waitsFor = waitedFor(event)
  const answer = objectAt(event, 'structured_output')
  return {
    type: 'result',
    usage: usageOf(event),
    ...(failure === undefined ? {} : { failure }),
    ...(text === undefined ? {} : { text: clipText(text) }),
    ...(answer === undefined ? {} : { answer: clipText(JSON.stringify(answer)) }),
    ...(turns === undefined ? {} : { turns }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
  }
}

/** Some versions end the process at once and abandon background work. Source: public reports of 2.1.228 to 2.1.270. */
function waitedFor(event: JsonObject): string | undefined {
  const reason = stringAt(event, 'terminal_reason')
  return reason !== undefined && /^(background|waiting)/.test(reason) ? shortLine(reason, 60) : undefined
}

/**
 * The calls of a sub-agent are reported like the agent's own, except the last one if the sub-agent is waited for: its
 * report comes with the result of the tool that started it. Source: recorded with 2.1.332.
 */
function reportUse(event: JsonObject): readonly AgentEvent[] {
  const result = objectAt(event, 'tool_use_result')
  const id = stringAt(result, 'agentId')
  if (stringAt(result, 'status') !== 'completed' || id === undefined) return []
  return usageEvents(`report of ${id}`, mainUsage(objectAt(result, 'usage')))
}

/**
 * `modelUsage` counts the whole conversation and every sub-agent, like `total_cost_usd`; `usage` counts only the main
 * loop of this process and is the fallback for streams without `modelUsage`. An unreadable value counts as missing,
 * not as 0: a partial sum would be too little.
 */
function usageOf(event: JsonObject): Usage {
  const models = Object.values(objectAt(event, 'modelUsage') ?? {}).map(asObject)
  const main = objectAt(event, 'usage')
  const fallback = hasNumbers(main, 'input_tokens', 'output_tokens') ? mainUsage(main) : noUsage
  return withCost(models.length === 0 ? fallback : sumOfModels(models), numberAt(event, 'total_cost_usd'))
}

function sumOfModels(models: readonly (JsonObject | undefined)[]): Usage {
  const whole = models.every((model) => hasNumbers(model, 'inputTokens', 'outputTokens'))
  return whole ? models.flatMap((model) => (model ? modelUsage(model) : [])).reduce(addUsage, noUsage) : noUsage
}

function hasNumbers(object: JsonObject | undefined, ...names: readonly string[]): boolean {
  return names.every((name) => numberAt(object, name) !== undefined)
}

function modelUsage(model: JsonObject): Usage {
  const cachedInputTokens = numberAt(model, 'cacheReadInputTokens') ?? 0
  const fresh = (numberAt(model, 'inputTokens') ?? 0) + (numberAt(model, 'cacheCreationInputTokens') ?? 0)
  return {
    inputTokens: fresh + cachedInputTokens,
    cachedInputTokens,
    outputTokens: numberAt(model, 'outputTokens') ?? 0,
  }
}

function mainUsage(usage: JsonObject | undefined): Usage {
  if (!usage) return noUsage
  const cachedInputTokens = numberAt(usage, 'cache_read_input_tokens') ?? 0
  const fresh = (numberAt(usage, 'input_tokens') ?? 0) + (numberAt(usage, 'cache_creation_input_tokens') ?? 0)
  return {
    inputTokens: fresh + cachedInputTokens,
    cachedInputTokens,
    outputTokens: numberAt(usage, 'output_tokens') ?? 0,
  }
}

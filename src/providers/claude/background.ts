import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { momentAt, objectAt, objectsAt, stringAt, type JsonObject } from '../adapter/json.js'
import { backgroundEvent, shortLine } from '../adapter/line.js'

/**
 * What `system` events tell of background commands and sub-agents. A sub-agent's own foreground commands are tasks, too,
 * but not in the background. Source: recorded streams of 2.1.332.
 */
export function readBackground(subtype: string, event: JsonObject): readonly AgentEvent[] {
  if (subtype === 'background_tasks_changed') {
    return [backgroundEvent({ type: 'listed', tasks: objectsAt(event, 'tasks').flatMap((task) => taskOf(task) ?? []) })]
  }
  const task = taskOf(event)
  if (!task) return []
  if (subtype === 'task_started') {
    return event.is_backgrounded === false ? [] : [backgroundEvent({ type: 'started', ...task })]
  }
  const status = stringAt(subtype === 'task_updated' ? objectAt(event, 'patch') : event, 'status') ?? ''
  if (status === 'completed' || status === 'failed')
    return [backgroundEvent({ type: 'ended', id: task.id, through: true })]
  return status === 'stopped' || status === 'killed'
    ? [backgroundEvent({ type: 'ended', id: task.id, through: false })]
    : []
}

function taskOf(task: JsonObject): { readonly id: string; readonly what: string } | undefined {
  const id = stringAt(task, 'task_id')
  if (id === undefined) return undefined
  const what = stringAt(task, 'description') ?? stringAt(task, 'task_type') ?? ''
  return { id: id.slice(0, 200), what: shortLine(what === '' ? 'a background task' : what) }
}

/** The tools with which an agent stops what it has started; older versions have the second one and its other name. */
const stopTools: ReadonlySet<string> = new Set(['TaskStop', 'KillShell', 'KillBash'])

export function readStop(tool: string, input: JsonObject | undefined): readonly AgentEvent[] {
  if (!stopTools.has(tool)) return []
  const id = stringAt(input, 'task_id') ?? stringAt(input, 'shell_id')
  return id === undefined ? [] : [backgroundEvent({ type: 'unwanted', id: id.slice(0, 200) })]
}

/** The result of `ScheduleWakeup`: the process then waits without any event until it starts another turn. */
export function readSchedule(event: JsonObject): readonly AgentEvent[] {
  const at = momentAt(objectAt(event, 'tool_use_result'), 'scheduledFor')
  return at === undefined ? [] : [backgroundEvent({ type: 'wake_up_scheduled', at })]
}

export function readWakeUp(event: JsonObject): readonly AgentEvent[] {
  const at = momentAt(event, 'scheduled_for')
  return at === undefined || stringAt(event, 'state') !== 'started'
    ? []
    : [backgroundEvent({ type: 'wake_up_came', at })]
}

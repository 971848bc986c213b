import { msBetween } from '../domain/clock.js'
import type { Actor } from '../domain/actor.js'
import type { EpochMs } from '../domain/brand.js'
import type { Usage } from '../domain/agent/agent-event.js'
import type { QueueCounts } from '../domain/run/event.js'
import type { Failure } from '../domain/agent/failure.js'
import type { HoldReason } from '../domain/roadmap/hold.js'
import { statusSatisfies } from '../domain/roadmap/task.js'
import type { TaskRecord } from '../domain/run/task-record.js'
import { formatDayAndTime, formatMoment } from '../domain/accounts/wall-time.js'
import { formatDuration } from '../domain/duration.js'
import { localZone } from '../platform/clock.js'
import { shownPath } from './shown-path.js'
import { cleanLine, cleanName, grouped, listFirst, plural } from '../domain/text.js'

export { formatDuration }

/** The line with the counts; the same in every form of output. */
export function formatCounts({ queueLength, busyAgents, availableAgents }: QueueCounts): string {
  return `Queue: ${queueLength} waiting | ${busyAgents} busy | ${availableAgents} idle`
}

/** A time that is still going on, in whole seconds: `6 s`, `12m05s`, `3h04m`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000)
}

/** The time of day on the machine's clock, `14:05:09`. Without Intl; see {@link grouped}. */
export function formatTime(at: EpochMs): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((value) => String(value).padStart(2, '0'))
    .join(':')
}

/** A wait in the units that people use: `12 s`, `43 min`, `5 h 10 min`, `2 d 3 h`. */
export function formatWait(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  if (hours < 48) return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `all providers are cooling down until 14:05 (in 43 min): claude, codex`. */
export function formatWaiting(until: EpochMs, now: EpochMs, providers: readonly string[]): string {
  const names = providers.map((name) => cleanLine(name, 60)).join(', ')
  return `all providers are cooling down until ${formatMoment(until, now, localZone())} (in ${formatWait(msBetween(now, until))}): ${names}`
}

/** `12,345 tokens in (2,000 cached), 678 out, $0.42`; undefined when no CLI reported any. */
export function formatUsage({ inputTokens, cachedInputTokens, outputTokens, costUsd }: Usage): string | undefined {
  if (inputTokens + outputTokens === 0 && costUsd === undefined) return undefined
  const cached = cachedInputTokens > 0 ? ` (${grouped(cachedInputTokens)} cached)` : ''
  const cost = costUsd === undefined ? '' : `, $${costUsd.toFixed(costUsd < 0.1 ? 4 : 2)}`
  return `${grouped(inputTokens)} in${cached}, ${grouped(outputTokens)} out${cost}`
}

/** Task ids are outside text. */
export function showId(id: string): string {
  return cleanName(id, 60)
}

const maxTasks = 5

/** Tasks whose work is together in a tree belong to no single one: all are named, or counted. */
export function formatTasks(ids: readonly string[]): string {
  return ids.length > maxTasks ? plural(ids.length, 'task') : ids.map(showId).join(', ')
}

/** What went wrong, with the paths it is about. */
export function formatFailure({ message, paths = [] }: Failure): string {
  const named = listFirst(paths, 5, (path) => cleanName(path, 120))
  return `${cleanLine(message, 400)}${paths.length > 0 ? ` [${named}]` : ''}`
}

/** How many lines of a failure's reason are shown, from its end. */
const maxReason = 12

/** The end of what was printed as something failed, and the file with all of it: to stand below the line that says so. */
export function reasonLines({ kind, message, detail = '', log }: Failure, most = maxReason): readonly string[] {
  const isForAgent = kind === 'refused' || kind === 'unfinished'
  const isTold = message.includes(cleanLine(detail, 300))
  return [...(isForAgent || isTold ? [] : endLines(detail, most)), ...logLine(log)]
}

/** The last lines of an output that are not empty, marked as a quotation. */
export function endLines(output: string, most: number): readonly string[] {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(-most).map((line) => `| ${cleanLine(line, 300)}`)
}

/** Where all of an output is. */
export function logLine(log: string | undefined): readonly string[] {
  return log === undefined ? [] : [`all of it: ${cleanLine(shownPath(log), 500)}`]
}

/** Everything a reviewer said, on one line. */
export function formatReasons(reasons: readonly string[]): string {
  return reasons.map((reason) => cleanLine(reason, 500)).join('; ')
}

/** Gates that fail without any work on top, by name. */
export function formatBaseRed(gates: readonly string[]): string {
  const names = gates.map((gate) => cleanLine(gate, 100)).join(', ')
  return `${names} ${gates.length === 1 ? 'fails' : 'fail'} on the base, too`
}

/** What an agent left running and autopilot ended. */
export function formatLeftovers(what: readonly string[]): string {
  const shown = what.slice(0, 5).map((one) => cleanLine(one, 120))
  const more = what.length > shown.length ? ` and ${what.length - shown.length} more` : ''
  return `ended what its agent left running: ${shown.join('; ')}${more}`
}

/** The same behind the line of a task; empty where there was nothing. */
export function leftoversBehind(task: TaskRecord | undefined): string {
  return task?.leftovers === undefined ? '' : ` (${formatLeftovers(task.leftovers)})`
}

/** What an agent wrote although git ignores it: the first ones by name. */
export function formatIgnored(paths: readonly string[], most = 3): string {
  return listFirst(paths, most, (path) => cleanName(path, 120))
}

/** The same behind the line of a task; empty where there was nothing. */
export function ignoredBehind(task: TaskRecord | undefined): string {
  return task?.ignored === undefined ? '' : `; without ${formatIgnored(task.ignored.paths)}, which git ignores`
}

const toRunIt = 'set its status to pending to run it'

/** Why a task is held, and what a person can do about it. */
export function formatHold(reason: HoldReason): string {
  switch (reason.type) {
    case 'status': {
      const subject = reason.group === undefined ? '' : `${showId(reason.group)} is `
      const since = reason.inRun ? ' since the run began' : ''
      const next = statusSatisfies(reason.status) ? 'its dependents start with the next run' : toRunIt
      return `${subject}${reason.status} in the roadmap${since}; ${next}`
    }
    case 'removed':
      return 'no longer in the roadmap'
    case 'manual':
      return 'execution_mode is manual: a person does it'
    case 'unresolved':
      return `depends on ${list(reason.refs)}, which is not in the roadmap`
    case 'dependency':
      return `waits for ${list(reason.taskIds)}`
    case 'verify':
      return 'has verify commands, which need --isolation workspace'
    case 'unservable':
      return cleanLine(reason.message, 300)
    case 'canceled':
      return `canceled by ${formatActor(reason.by)} at ${formatDayAndTime(reason.at, localZone())}; autopilot resume --only runs it`
    case 'not_selected':
      return `depends on ${list(reason.taskIds)}, not selected by --only or --limit`
  }
}

/** Who acted on a run: `anna (process 4242)`. */
export function formatActor({ user, pid, via }: Actor): string {
  const how = via === 'key' ? 'by key' : `process ${pid}`
  return `${cleanLine(user, 60)} (${how})`
}

function list(ids: readonly string[]): string {
  return listFirst(ids, 5, showId)
}

/** Paths below the workspace, relative to it. */
export function withinWorkspace(text: string, workspace: string): string {
  if (workspace === '' || !text.includes(workspace)) return text
  const literal = workspace.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  // Not where it only begins or ends another path.
  return text.replace(new RegExp(`(?<![\\w./-])${literal}(?:/|(?![\\w.-]))`, 'g'), (path) =>
    path.endsWith('/') ? '' : '.',
  )
}

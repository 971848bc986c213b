import type { TaskId } from '../domain/brand.js'
import { isFinished } from '../domain/attempt/course.js'
import { noUsage } from '../domain/agent/agent-event.js'
import { formatSpent, spentOf } from '../domain/accounts/budget.js'
import { needsPerson } from '../domain/run/early-stop.js'
import { exitCodes } from '../domain/run/exit-code.js'
import type { CommitOnRef } from '../domain/run/ledger.js'
import type { RunState, SlotState, TaskRecord, TaskState } from '../domain/run/run-state.js'
import type { Failure } from '../domain/agent/failure.js'
import { formatProviderModel } from '../domain/agent/provider-model.js'
import { isPersonsHold } from '../domain/roadmap/hold.js'
import { cleanLine, plural, listFirst } from '../domain/text.js'
import { costTexts } from './cost.js'
import type { Line, Tone } from './describe.js'
import {
  formatBaseRed,
  formatDuration,
  formatFailure,
  formatHold,
  formatIgnored,
  formatReasons,
  formatUsage,
  endLines,
  logLine,
  reasonLines,
  showId,
} from './format.js'
import { allowHintOfRun, doneWithRefusals, refusedBehind } from './refusals.js'

export interface SummaryView {
  /** Shown path of the journal. */
  readonly journal: string
  /** Each slot is told. */
  readonly verbose: boolean
  /** The window of the terminal in which it is read: what matters most shall fit into it. */
  readonly window?: Window
}

export interface Window {
  readonly columns: number
  readonly rows: number
}

/** What a person needs to know when the run has ended; what matters most comes last, where it stays on the screen. */
export function summarize(state: RunState, { journal, verbose, window }: SummaryView): readonly Line[] {
  return [
    row('plain', 'Journal', cleanLine(journal, 300)),
    row('plain', 'Permissions', permissionText(state)),
    ...usageLines(state),
    ...slotLines(state, verbose),
    ...gateLines(state),
    ...approvalLines(state),
    ...refusedLines(state),
    ...ignoredLines(state),
    ...unwrittenLines(state),
    ...keptLines(state),
    ...baseLines(state),
    ...endingLines(state, window),
  ]
}

function endingLines(state: RunState, window: Window | undefined): readonly Line[] {
  const unfinished = [...canceledLines(state), ...finishedLines(state), ...notStartedLines(state)]
  const end = [...outcomeLines(state), ...workLines(state), ...nextLines(state)]
  // The shell's next prompt takes a row, too.
  const room = window ? window.rows - 1 - rowsOf([...unfinished, ...end], window) : Number.POSITIVE_INFINITY
  const forms = detailsOf.map((detail) => [...failedLines(state, detail), ...heldLines(state, detail)])
  const fitting = forms.find((lines) => !window || rowsOf(lines, window) <= room) ?? forms.at(-1) ?? []
  return [...unfinished, ...fitting, ...end]
}

/** How much is told of what failed or is held. */
interface Detail {
  /** Lines of a failure's output, from its end. */
  readonly output: number
  /** Failures, and held tasks; the others are counted. */
  readonly named: number
}

/** The first that fits is taken. */
const detailsOf: readonly Detail[] = [
  { output: 12, named: 20 },
  { output: 6, named: 20 },
  { output: 2, named: 20 },
  { output: 0, named: 20 },
  { output: 0, named: 6 },
  { output: 0, named: 2 },
]

/** How many rows lines take, with the mark in front; wide characters are not counted twice, as there are few. */
function rowsOf(lines: readonly Line[], { columns }: Window): number {
  return lines.reduce((sum, { text }) => sum + Math.ceil((text.length + 2) / columns), 0)
}

/** How many tasks are done, out of how many. */
export function outcomeLines(state: RunState): readonly Line[] {
  const tasks = [...state.tasks.values()]
  const done = tasks.filter(({ state: { type } }) => type === 'done').length
  const doneBefore = tasks.filter(
    ({ state: taskState }) => taskState.type === 'done' && taskState.how === 'before',
  ).length
  const holds = tasks.filter(
    ({ state: taskState }) => taskState.type === 'held' && isPersonsHold(taskState.reason),
  ).length
  const selected = tasks.length - holds
  const why = state.finished && state.finished.exitCode !== 0 ? ` (${cleanLine(state.finished.why)})` : ''
  const earlier = doneBefore > 0 ? `, ${doneBefore} of them before this run` : ''
  if (selected === 0) return [row('plain', 'Done', `nothing to do: ${plural(holds, 'task')} on hold${why}`)]
  const tone: Tone = done === selected ? 'good' : 'bad'
  return [row(tone, 'Done', `${done} of ${plural(selected, 'task')}${earlier}, in ${formatDuration(state.ms)}${why}`)]
}

function ofType<Type extends TaskState['type']>(
  state: RunState,
  type: Type,
): (TaskRecord & { state: Extract<TaskState, { type: Type }> })[] {
  return [...state.tasks.values()].filter(
    (task): task is TaskRecord & { state: Extract<TaskState, { type: Type }> } => task.state.type === type,
  )
}

/** Tasks that failed alike share a line. */
function failedLines(state: RunState, { output, named }: Detail): readonly Line[] {
  const texts = new Map<string, { readonly ids: TaskId[]; readonly failure: Failure }>()
  for (const task of ofType(state, 'failed')) {
    const { failure } = task.state
    const text = `${formatFailure(failure)} (${failure.kind})${refusedBehind(task, failure)}`
    const alike = texts.get(text)
    if (alike) alike.ids.push(task.id)
    else texts.set(text, { ids: [task.id], failure })
  }
  const shown = [...texts]
    .slice(0, named)
    .flatMap(([text, { ids, failure }]) => [
      row('bad', 'Failed', `${listFirst(ids, named, showId)}: ${text}`),
      ...(output === 0 ? [] : reasonLines(failure, output)).map((line) => row('plain', '', line)),
    ])
  const rest = [...texts.values()].slice(named).reduce((sum, { ids }) => sum + ids.length, 0)
  return rest > 0 ? [...shown, row('bad', 'Failed', `and ${rest} more; autopilot logs shows all`)] : shown
}

/** Named one by one up to a screenful, then counted. */
const maxNamed = 20

function heldLines(state: RunState, { named }: Detail): readonly Line[] {
  const held = ofType(state, 'held')
  const shown = held.slice(0, named).map(({ id, state: { reason } }) => {
    return row(isPersonsHold(reason) ? 'plain' : 'warning', 'Held', `${showId(id)}: ${formatHold(reason)}`)
  })
  const rest = held.length - shown.length
  return rest > 0 ? [...shown, row('plain', 'Held', `and ${rest} more; autopilot validate lists all`)] : shown
}

/** Tasks that had started; those that had not are counted as not run. */
function canceledLines(state: RunState): readonly Line[] {
  const ids = ofType(state, 'canceled').map(({ id }) => id)
  return ids.length === 0 ? [] : [row('warning', 'Canceled', listFirst(ids, maxNamed, showId))]
}

/** What agents were refused, and what would permit it. */
export function refusedLines(state: RunState): readonly Line[] {
  const done = doneWithRefusals(state)
  const hint = allowHintOfRun(state)
  return [
    ...(done === undefined ? [] : [row('warning', 'Refused', done)]),
    ...(hint === undefined ? [] : [row('plain', done === undefined ? 'Refused' : '', `to permit it, ${hint}`)]),
  ]
}

/** What agents wrote that doesn't land because git ignores it, and where it is. */
export function ignoredLines({ tasks }: RunState): readonly Line[] {
  const rows = [...tasks.values()].flatMap(({ id, state, ignored }) => {
    if (!ignored || !['done', 'failed'].includes(state.type)) return []
    const where = ignored.copies === undefined ? '' : `; kept in ${cleanLine(ignored.copies, 500)}`
    return [
      row('warning', 'Ignored', `${showId(id)} wrote ${formatIgnored(ignored.paths, 10)}, which git ignores${where}`),
    ]
  })
  const rest = rows.length - maxNamed
  return rest > 0 ? [...rows.slice(0, maxNamed), row('warning', 'Ignored', `and ${rest} more tasks`)] : rows
}

/** What reviewers said about work that is done, including conditions. */
export function approvalLines(state: RunState): readonly Line[] {
  const said = ofType(state, 'done').flatMap(({ id, approvals = [] }) => {
    return approvals.map(({ gate, by, reasons }) => {
      const who = `${cleanLine(formatProviderModel(by), 60)} (${cleanLine(gate, 100)})`
      return row('plain', 'Approved', `${showId(id)} by ${who}: ${formatReasons(reasons)}`)
    })
  })
  const rest = said.length - maxNamed
  return rest > 0 ? [...said.slice(0, maxNamed), row('plain', 'Approved', `and ${rest} more`)] : said
}

function notStartedLines(state: RunState): readonly Line[] {
  const finished = new Set(finishedTasks(state))
  const waiting = [...ofType(state, 'pending'), ...ofType(state, 'queued')].filter(({ id }) => !finished.has(id)).length
  return waiting > 0 ? [row('warning', 'Not run', plural(waiting, 'task'))] : []
}

/** Tasks that are done but not in the roadmap, grouped by the reason. */
function unwrittenLines({ unwritten }: RunState): readonly Line[] {
  const byReason = new Map<string, (typeof unwritten)[number][]>()
  for (const task of unwritten) {
    const same = byReason.get(task.why)
    if (same) same.push(task)
    else byReason.set(task.why, [task])
  }
  return [...byReason].flatMap(([why, tasks]) => {
    const named = listFirst(tasks, maxNamed, ({ taskId }) => showId(taskId))
    const verb = tasks.length === 1 ? 'is' : 'are'
    const help = tasks[0]?.help
    return [
      row('warning', 'Unwritten', `${named} ${verb} done, but the roadmap doesn't say so: ${why}`),
      ...(help === undefined ? [] : [row('plain', '', help)]),
    ]
  })
}

/** What did not land, and how the run began. */
type KeptOf = Pick<RunState, 'start' | 'keptWorkspaces'> & { readonly kept: readonly CommitOnRef[] }

/** Commits and workspaces that did not land, each commit with the command that shows it. */
export function keptLines(state: KeptOf): readonly Line[] {
  const commits = state.kept.flatMap((kept) => [
    row('warning', 'Kept', `${nameOf(kept)} attempt ${kept.attempt}: ${cleanLine(kept.why)}`),
    row('plain', '', diffCommand(kept, state)),
  ])
  const workspaces = state.keptWorkspaces.map(({ path, why }) =>
    row('warning', 'Workspace', `${cleanLine(path, 300)} (${cleanLine(why)})`),
  )
  return [...commits, ...workspaces]
}

function nameOf({ taskId }: CommitOnRef): string {
  return taskId === undefined ? 'unknown task' : showId(taskId)
}

/** Shows the changes of a kept commit against its base. */
export function diffCommand({ ref, base }: CommitOnRef, { start }: Pick<RunState, 'start'>): string {
  return `git diff ${(base ?? start.target?.base ?? 'HEAD').slice(0, 10)} ${ref}`
}

function workLines(state: RunState): readonly Line[] {
  const { target } = state.start
  const landed = ofType(state, 'done').filter(({ state: { how } }) => how === 'integrated').length
  if (!target || landed === 0) return []
  const where = `${plural(landed, 'commit')} on ${target.branch}`
  if (target.current) return [row('plain', 'Work', `${where}, the branch you were on, and in its files`)]
  return [row('plain', 'Work', `${where}; ${mergeCommand(target)} takes it over`)]
}

function mergeCommand({ branch, isAmbiguous }: NonNullable<RunState['start']['target']>): string {
  return `git merge ${isAmbiguous ? `refs/heads/${branch}` : branch}`
}

/** Tasks whose agents have finished, and whose work waits for the base to pass: by id. */
function finishedTasks(state: RunState): readonly TaskId[] {
  if (state.stopping?.reason !== 'base_red') return []
  return ofType(state, 'pending').flatMap(({ id }) => {
    const course = state.progress.get(id)?.course
    return course && isFinished(course.state) ? [id] : []
  })
}

function finishedLines(state: RunState): readonly Line[] {
  const finished = finishedTasks(state)
  if (finished.length === 0) return []
  const named = listFirst(finished, maxNamed, showId)
  return [row('warning', 'Waiting', `${named}: finished, and judged first when you resume the run`)]
}

/**
 * How many lines of a gate's output on the base are shown, from the end: node's message about a missing module has 20.
 */
const maxPrinted = 25

/**
 * Why a run ended because no attempt could continue: the gates that also fail on the base, and the end of their
 * output.
 */
export function baseLines({ base, stopping }: RunState): readonly Line[] {
  if (stopping?.reason !== 'base_red' || base?.verdict !== 'failed') return []
  return base.gates.flatMap(({ gate, message, tail = '', log }) => [
    row('bad', 'Base', `${formatBaseRed([gate])}: ${cleanLine(message)}`),
    ...[...endLines(tail, maxPrinted), ...logLine(log)].map((line) => row('plain', '', line)),
  ])
}

/** How the gates judged; nothing when none did. */
export function gateLines({ gates, flaky }: RunState): readonly Line[] {
  const { passed, failed, errored, remembered } = gates
  if (passed + failed + errored === 0) return []
  const parts = [`${passed} passed`, `${failed} failed`, ...(errored > 0 ? [`${errored} errored`] : [])]
  const known = remembered > 0 ? `; ${remembered} of them were already known` : ''
  const unsteady = [...flaky].map(([gate, times]) => {
    const often = times === 1 ? 'once' : `${times} times`
    return row('warning', 'Flaky', `${cleanLine(gate, 100)} failed and then passed on the same tree, ${often}`)
  })
  return [row('plain', 'Gates', `${parts.join(', ')}${known}`), ...unsteady]
}

/** How busy the slots were, and what each did. */
function slotLines(state: RunState, verbose: boolean): readonly Line[] {
  const slots = [...state.slots.values()]
  if (state.ms === 0 || slots.every(({ attempts, reviews }) => attempts + reviews === 0)) return []
  const percent = (busyMs: number) => `${Math.min(100, Math.round((100 * busyMs) / state.ms))} %`
  const sum = (count: (slot: SlotState) => number) => slots.reduce((all, slot) => all + count(slot), 0)
  const total = {
    attempts: sum(({ attempts }) => attempts),
    repairs: sum(({ repairs }) => repairs),
    reviews: sum(({ reviews }) => reviews),
    finishes: sum(({ finishes }) => finishes),
  }
  const busy = percent(sum(({ busyMs }) => busyMs) / slots.length)
  const each = slots.map((slot) => {
    const text = servedText(slot)
    const served = text === '' ? 'never used' : `${text} in ${formatDuration(slot.busyMs)}`
    return row('plain', '', `${slot.id}: ${percent(slot.busyMs)}, ${served}`)
  })
  return [
    row('plain', 'Slots', `${plural(slots.length, 'slot')} ${busy} busy: ${servedText(total)}`),
    ...(verbose ? each : []),
  ]
}

type Served = Pick<SlotState, 'attempts' | 'repairs' | 'reviews' | 'finishes'>

function servedText({ attempts, repairs, reviews, finishes }: Served): string {
  const counts = [
    [attempts, 'attempt'],
    [finishes, 'finishing turn'],
    [repairs, 'repair'],
    [reviews, 'review'],
  ] as const
  return counts.flatMap(([count, noun]) => (count > 0 ? [plural(count, noun)] : [])).join(', ')
}

/** What the agents used, as far as their CLIs reported it. */
export function usageLines(state: RunState): readonly Line[] {
  const usage = formatUsage(state.usage)
  return [...(usage === undefined ? [] : [row('plain', 'Tokens', usage)]), ...budgetLines(state), ...costLines(state)]
}

/** What of it is not certain. */
function costLines(state: RunState): readonly Line[] {
  const texts = costTexts(state)
  return texts.length === 0 ? [] : [row('warning', 'Cost', texts.join('; '))]
}

/** What was spent of the budgets, over all resumes. */
function budgetLines({ start: { budgets }, usage, spending }: RunState): readonly Line[] {
  if (!budgets) return []
  const run = Object.keys(budgets.run).length === 0 ? [] : [formatSpent(budgets.run, spentOf(usage))]
  const each = Object.entries(budgets.providers).map(([name, budget]) => {
    return `${cleanLine(name, 40)} ${formatSpent(budget, spentOf(spending.get(name)?.usage ?? noUsage))}`
  })
  const shown = [...run, ...each]
  return shown.length === 0 ? [] : [row('plain', 'Budget', shown.join('; '))]
}

/** The one command that follows. */
function nextLines(state: RunState): readonly Line[] {
  const next = nextStep(state)
  return next === undefined ? [] : [row(state.finished?.exitCode === exitCodes.done ? 'good' : 'warning', 'Next', next)]
}

function nextStep(state: RunState): string | undefined {
  const { stopping, finished, start } = state
  if (!finished) return undefined
  const { exitCode } = finished
  if (exitCode === exitCodes.interrupted || exitCode === exitCodes.terminated)
    return 'autopilot resume continues the run'
  if (stopping && exitCode === (needsPerson(stopping) ? exitCodes.notSafe : exitCodes.again)) return stopping.next
  const loggedOut = [...state.providers].flatMap(([name, { stopped }]) => (stopped?.kind === 'auth' ? [name] : []))
  if (loggedOut.length > 0)
    return `log in to ${listFirst(loggedOut, 3, (name) => cleanLine(name, 40))}, then autopilot resume --retry-failed`
  const failed = ofType(state, 'failed').length
  if (failed > 0) return `autopilot resume --retry-failed tries ${failed === 1 ? 'it' : 'them'} once more`
  const hasLanded = ofType(state, 'done').some(({ state: { how } }) => how === 'integrated')
  return exitCode === exitCodes.done && start.target && !start.target.current && hasLanded
    ? mergeCommand(start.target)
    : undefined
}

function permissionText(state: RunState): string {
  const text = state.start.permissions === 'full' ? 'full: agents may run anything' : 'edit: agents may change files'
  const own = [...state.providers].flatMap(([name, { usable, permissions }]) =>
    usable && permissions !== undefined ? [`${name} ${permissions}`] : [],
  )
  return own.length > 0 ? `${text} (${own.join(', ')})` : text
}

/** Generous: a run may have many slots, and outside text is already cut. */
const longestRow = 10_000

/** A line with a label in front; for more lines under one label, the label is empty. */
export function row(tone: Tone, label: string, text: string): Line {
  return { tone, text: `${label.padEnd(12)}${cleanLine(text, longestRow)}` }
}

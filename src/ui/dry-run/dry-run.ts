import { formatBudget, type Budget, type RunBudgets } from '../../domain/accounts/budget.js'
import type { TaskId } from '../../domain/brand.js'
import type { Gate } from '../../domain/landing/gate.js'
import type { Review } from '../../domain/landing/review.js'
import { heldTasks, type PlannedTask } from '../../domain/roadmap/plan.js'
import { commandProvider } from '../../domain/routing/routing.js'
import { cleanLine, plural } from '../../domain/text.js'
import { formatHold, showId } from '../format.js'
import type { Printed } from '../printed.js'
import { hasLines, linesAsWritten } from './as-written.js'
import { formatGate, formatGates } from './gates.js'
import { workspaceFacts, workspaceLines, type PlannedFurniture } from './workspaces.js'

/** What a run would do. */
export interface DryRun {
  /** The roadmap, as the user named it. */
  readonly file: string
  readonly tasks: readonly PlannedTask[]
  readonly slots: number
  /** The tasks that would run, in the order of their starts. */
  readonly steps: readonly DryRunStep[]
  /** Which gates and reviews judge the work. */
  readonly inForce: string
  /** What a person should know first. */
  readonly notices: readonly string[]
  readonly budgets?: RunBudgets
  /** For every task's work; none without isolation. */
  readonly gates: readonly Gate[]
  readonly reviews: readonly Review[]
  /** What workspaces have; absent without isolation. */
  readonly furniture?: PlannedFurniture
}

/** One task as it would be started. */
export interface DryRunStep {
  readonly taskId: TaskId
  readonly title: string
  readonly priority: number
  readonly budget?: Budget
  readonly waitsFor: readonly TaskId[]
  /** Providers in the order in which they would be tried. */
  readonly route: readonly string[]
  /** Program and arguments of the first one; the prompt goes through stdin. */
  readonly command: readonly string[]
  /** What its own work must pass, besides the gates of everybody. */
  readonly gates: readonly Gate[]
}

/** For people. */
export function dryRunTexts(run: DryRun): readonly string[] {
  const { steps, tasks, budgets, furniture } = run
  const held = heldTasks(tasks)
  const done = tasks.filter(({ state }) => state === 'done').length
  const lines = furniture ? workspaceLines(furniture) : []
  return [
    `Dry run of ${run.file}: ${plural(steps.length, 'task')} to run on ${plural(run.slots, 'slot')}, ` +
      `${held.length} held, ${done} done before. No agent starts, nothing changes.\n${run.inForce}\n`,
    ...run.notices.map((text) => `${cleanLine(text, 500)}\n`),
    '\n',
    ...(budgets ? [`Budget: ${formatBudgets(budgets)}\n\n`] : []),
    ...steps.map((step, index) => formatStep(step, index + 1)),
    ...(held.length > 0 ? ['\n'] : []),
    ...held.map(({ taskId, reason }) => `held  ${showId(taskId)}: ${formatHold(reason)}\n`),
    formatGates(run.gates, run.reviews),
    ...(lines.length > 0 ? [`\nEach workspace:\n${lines.map((line) => `  ${line}\n`).join('')}`] : []),
  ]
}

/** For machines. */
export function printedDryRun(run: DryRun): readonly Printed[] {
  const facts = run.furniture && workspaceFacts(run.furniture)
  return [
    { type: 'notice', level: 'info', text: run.inForce },
    ...run.notices.map((text) => ({ type: 'notice', level: 'warning', text }) as const),
    ...(run.budgets ? [{ type: 'budget', ...run.budgets } as const] : []),
    ...run.steps.map((step) => ({ type: 'planned', ...step }) as const),
    ...heldTasks(run.tasks).map((hold) => ({ type: 'held', ...hold }) as const),
    ...run.gates.map((gate) => ({ type: 'gate', ...gate }) as const),
    ...run.reviews.map((review) => ({ type: 'review', ...review }) as const),
    ...(facts ? [facts] : []),
  ]
}

/** `$5.00 and 1,000,000 tokens; claude $3.00`. */
function formatBudgets({ run, providers }: RunBudgets): string {
  const each = Object.entries(providers).map(([name, budget]) => `${name} ${formatBudget(budget)}`)
  return [formatBudget(run), ...each].filter((text) => text !== '').join('; ')
}

function formatStep(step: DryRunStep, number: number): string {
  const after = step.waitsFor.length > 0 ? `  after ${step.waitsFor.map(showId).join(', ')}` : ''
  const title = step.title === step.taskId ? '' : `  ${cleanLine(step.title, 60)}`
  const route = step.route.length > 0 ? step.route.map((one) => cleanLine(one, 60)).join(' or ') : 'no provider'
  const gates = step.gates.map((gate) => formatGate(gate, '     ')).join('')
  const head = `${String(number).padStart(3)}  ${showId(step.taskId)}${title}${after}\n     ${route}:`
  return `${head} ${formatCommand(step)}${gates}`
}

/** A script is shown as it stands in the roadmap, not as one argument of a shell. */
function formatCommand({ command, route }: DryRunStep): string {
  const script = route[0] === commandProvider ? command.at(-1) : undefined
  if (script !== undefined && hasLines(script))
    return `${command.slice(0, -1).map(quote).join(' ')}\n${linesAsWritten(script, '       ')}`
  const input = script !== undefined || route.length === 0 ? '' : ' < prompt'
  return `${cleanLine(command.map(quote).join(' '), 400)}${input}\n`
}

/** As one would type it in a shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

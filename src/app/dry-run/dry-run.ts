import type { TaskId } from '../../domain/brand.js'
import { tightest, type Budget } from '../../domain/accounts/budget.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { type Gate, gatesOf } from '../../domain/landing/gate.js'
import { startOrder, type RunPlan } from '../../domain/roadmap/plan.js'
import { permissionsOf } from '../../domain/agent/permissions.js'
import { formatProviderModel, type ProviderModel } from '../../domain/agent/provider-model.js'
import { commandProvider, routeRequestOf, tiersFor, type RoutePolicy } from '../../domain/routing/routing.js'
import type { Task } from '../../domain/roadmap/task.js'
import { cleanLine, plural } from '../../domain/text.js'
import type { FindProvider } from '../../providers/index.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import { formatHold, showId } from '../../ui/format.js'
import { hasLines, linesAsWritten } from './as-written.js'
import { budgetsOf, describeBudgets } from '../start/budgets.js'
import type { Config } from '../../config/config.js'
import { formatGate, formatGates } from './dry-run-gates.js'
import { workspaceFacts, workspaceLines } from './dry-run-workspaces.js'
import type { Location } from '../ground/location.js'
import { gatesInForce } from '../start/in-force.js'
import { printJson, sinkOf } from '../../ui/print/output.js'
import { reviewsOf, type ProviderSetup } from '../agents/providers.js'
import type { RunSettings } from '../../config/settings.js'

export interface DryRunParts {
  readonly settings: RunSettings
  readonly config: Config
  readonly location: Location
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
  readonly setup: ProviderSetup
  readonly findProvider: FindProvider
  /** What a person should know first. */
  readonly notices: readonly string[]
}

/** One task as it would be started. */
interface DryRunStep {
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

/** `--dry-run`: order, routes, holds and commands of a run that nothing is in the way of. */
export function printDryRun(parts: DryRunParts): ExitCode {
  const { settings, config, loaded, plan } = parts
  const { policy } = parts.setup
  const steps = startOrder(loaded.graph, plan.runnable).map((task) => stepOf(task, policy, parts))
  const held = plan.tasks.flatMap(({ id, hold }) => (hold ? [{ taskId: id, reason: hold }] : []))
  const isolated = settings.isolation === 'workspace'
  const gates = isolated ? config.file.gates : []
  const reviews = reviewsOf(settings, config.file)
  const sink = sinkOf(process.stdout)
  const budgets = budgetsOf(settings, config.file)
  const inForce = gatesInForce(parts)
  if (settings.output === 'json') {
    printJson(process.stdout, { type: 'notice', level: 'info', text: inForce })
    for (const text of parts.notices) printJson(process.stdout, { type: 'notice', level: 'warning', text })
    if (budgets) printJson(process.stdout, { type: 'budget', ...budgets })
    for (const step of steps) printJson(process.stdout, { type: 'planned', ...step })
    for (const hold of held) printJson(process.stdout, { type: 'held', ...hold })
    for (const gate of gates) printJson(process.stdout, { type: 'gate', ...gate })
    for (const review of reviews) printJson(process.stdout, { type: 'review', ...review })
    const facts = isolated ? workspaceFacts(config.file) : undefined
    if (facts) printJson(process.stdout, facts)
    return exitCodes.done
  }
  const done = plan.tasks.filter(({ state }) => state === 'done').length
  sink.write(
    `Dry run of ${loaded.options.file}: ${plural(steps.length, 'task')} to run on ${plural(settings.agents, 'slot')}, ` +
      `${held.length} held, ${done} done before. No agent starts, nothing changes.\n${inForce}\n`,
  )
  for (const text of parts.notices) sink.write(`${cleanLine(text, 500)}\n`)
  sink.write('\n')
  if (budgets) sink.write(`Budget: ${describeBudgets(budgets)}\n\n`)
  steps.forEach((step, index) => sink.write(formatStep(step, index + 1)))
  if (held.length > 0) sink.write('\n')
  for (const { taskId, reason } of held) sink.write(`held  ${showId(taskId)}: ${formatHold(reason)}\n`)
  sink.write(formatGates(gates, reviews))
  const lines = isolated ? workspaceLines(config.file) : []
  if (lines.length > 0) sink.write(`\nEach workspace:\n${lines.map((line) => `  ${line}\n`).join('')}`)
  return exitCodes.done
}

function stepOf(task: Task, policy: RoutePolicy, parts: DryRunParts): DryRunStep {
  const offers = tiersFor(routeRequestOf(task), policy).flat()
  const [first] = offers
  return {
    taskId: task.id,
    title: task.title,
    priority: task.priority,
    ...(task.budget ? { budget: task.budget } : {}),
    waitsFor: parts.loaded.graph.dependencies.get(task.id) ?? [],
    route: offers.map(formatProviderModel),
    command: first ? commandOf(task, first, parts) : [],
    gates: parts.settings.isolation === 'none' ? [] : gatesOf(task),
  }
}

function commandOf(task: Task, { provider, model }: ProviderModel, parts: DryRunParts): readonly string[] {
  const budgets = budgetsOf(parts.settings, parts.config.file)
  const limits = [task.budget, budgets?.run, budgets?.providers[provider]].flatMap((budget) => budget ?? [])
  const { usd: budgetUsd } = tightest(limits)
  const built = parts.findProvider(provider)?.command({
    cwd: parts.settings.isolation === 'none' ? parts.location.root : '<workspace>',
    ownDir: '<attempt>',
    prompt: '',
    permissions: permissionsOf(parts.settings.permissions, provider),
    allow: parts.config.file.allow,
    asRoot: process.getuid?.() === 0,
    ...(model === undefined ? {} : { model }),
    ...(budgetUsd === undefined ? {} : { budgetUsd }),
    ...(task.run === undefined ? {} : { run: task.run }),
  })
  return built ? [built.file, ...built.args] : []
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

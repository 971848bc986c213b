import { tightest } from '../../domain/accounts/budget.js'
import { gatesOf } from '../../domain/landing/gate.js'
import { startOrder, type RunPlan } from '../../domain/roadmap/plan.js'
import { permissionsOf } from '../../domain/agent/permissions.js'
import { formatProviderModel, type ProviderModel } from '../../domain/agent/provider-model.js'
import { routeRequestOf, tiersFor, type RoutePolicy } from '../../domain/routing/routing.js'
import type { Task } from '../../domain/roadmap/task.js'
import type { FindProvider } from '../../providers/index.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import { budgetsOf } from '../start/budgets.js'
import type { Config } from '../../config/config.js'
import type { Location } from '../ground/location.js'
import { gatesInForce } from '../start/in-force.js'
import { reviewsOf, type ProviderSetup } from '../agents/providers.js'
import type { RunSettings } from '../../config/settings.js'
import type { DryRun, DryRunStep } from '../../ui/dry-run/dry-run.js'

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

/** `--dry-run`: order, routes, holds and commands of a run that nothing is in the way of. */
export function dryRunOf(parts: DryRunParts): DryRun {
  const { settings, config, loaded, plan, notices } = parts
  const isolated = settings.isolation === 'workspace'
  const budgets = budgetsOf(settings, config.file)
  return {
    file: loaded.options.file,
    tasks: plan.tasks,
    slots: settings.agents,
    steps: startOrder(loaded.graph, plan.runnable).map((task) => stepOf(task, parts.setup.policy, parts)),
    inForce: gatesInForce(parts),
    notices,
    ...(budgets ? { budgets } : {}),
    gates: isolated ? config.file.gates : [],
    reviews: reviewsOf(settings, config.file),
    ...(isolated ? { furniture: config.file } : {}),
  }
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

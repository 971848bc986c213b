import { permissionsOf } from '../../domain/agent/permissions.js'
import { cleanLine, plural } from '../../domain/text.js'
import { failingHelp, whyUnfailing } from '../../domain/landing/unfailing.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'
import { heldTasks, type RunPlan } from '../../domain/roadmap/plan.js'
import { formatProblemLine, type Problem } from '../../domain/roadmap/problem.js'
import type { EnvironmentOf } from '../../providers/environment.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import { formatHold, showId } from '../../ui/format.js'
import { budgetsOf, uncounted } from './budgets.js'
import type { Config } from '../../config/config.js'
import { gatesInForce } from './in-force.js'
import type { KnownTask } from '../resume/landed.js'
import { landedLines } from '../resume/text-notices.js'
import { sampleRequest, type Detected, type ProviderSetup } from '../agents/providers.js'
import type { RunSettings } from '../../config/settings.js'

export interface Announced {
  readonly settings: RunSettings
  readonly config: Config
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
  readonly landed: readonly KnownTask[]
  readonly byId: readonly KnownTask[]
  readonly reworded: readonly KnownTask[]
  readonly setup: ProviderSetup
  readonly ground: { readonly target?: { readonly branch: string }; readonly warnings: readonly string[] }
  readonly maskWarnings: readonly string[]
}

interface Starting extends Announced {
  readonly environmentOf: EnvironmentOf
}

/** Longer lists are counted; `autopilot validate` shows them whole. */
const maxShown = 20

/**
 * Warnings about tasks that don't run, by hold reason. During a run the holds themselves say so, and only those of the
 * selected tasks; `autopilot validate` gives the help.
 */
const warningsOfHolds: Readonly<Record<HoldReason['type'], readonly string[]>> = {
  unresolved: ['W050', 'W051'],
  // Their dependents, and a roadmap in which nothing else is left.
  dependency: ['W054', 'W055'],
  manual: ['W064'],
  status: [],
  removed: [],
  verify: [],
  unservable: [],
  canceled: [],
  not_selected: [],
}
const toldByHolds = new Set(Object.values(warningsOfHolds).flat())

/** Records what a person should know before the first agent starts, each thing once. */
export function announce(recorder: Recorder, parts: Starting): void {
  const { plan, setup } = parts
  const say = (level: 'info' | 'warning', texts: readonly string[]) => {
    for (const text of texts) void recorder.record({ type: 'notice', level, text })
  }
  say('info', [gatesInForce(parts), ...withoutServer(parts)])
  for (const detected of setup.detected) recordDetection(recorder, detected, parts.settings)
  const odd = odditiesOf(parts)
  for (const problem of odd.slice(0, maxShown)) void recorder.record({ type: 'roadmap_warned', ...problem })
  say('warning', more(odd))
  say('info', clip(heldTasks(plan.tasks).map(({ taskId, reason }) => `${showId(taskId)} held: ${formatHold(reason)}`)))
  say('warning', startWarnings(parts))
}

/** Oddities of the roadmap that don't prevent the run. */
export function roadmapWarnings(parts: Pick<Announced, 'loaded'>): readonly string[] {
  return clip(odditiesOf(parts).map(formatProblemLine))
}

function odditiesOf({ loaded }: Pick<Announced, 'loaded'>): readonly Problem[] {
  return loaded.warnings.filter(({ code }) => !toldByHolds.has(code))
}

/** Oddities of everything else that the run starts with. */
export function startWarnings(parts: Announced): readonly string[] {
  return clip([
    ...landedLines(parts, parts.ground.target?.branch ?? 'the target'),
    ...interrupted(parts),
    ...untested(parts.setup),
    ...withoutAllow(parts),
    ...unpriced(parts),
    ...unfailing(parts),
    ...withoutWebhook(parts),
    ...parts.maskWarnings,
    ...parts.ground.warnings,
  ])
}

function clip(texts: readonly string[]): readonly string[] {
  return [...texts.slice(0, maxShown), ...more(texts)]
}

function more(all: readonly unknown[]): readonly string[] {
  const rest = all.length - maxShown
  return rest > 0 ? [`… and ${rest} more; autopilot validate shows all`] : []
}

function recordDetection(recorder: Recorder, { provider, detection }: Detected, settings: RunSettings): void {
  const permissions = provider.permissionNames[permissionsOf(settings.permissions, provider.name)]
  const facts = detection.usable
    ? { permissions, ...(detection.version === undefined ? {} : { version: detection.version }) }
    : { message: `${detection.reason} ${detection.help}`.trim() }
  void recorder.record({ type: 'provider_detected', provider: provider.name, usable: detection.usable, ...facts })
}

/** CLIs that start anew for each turn, although workers could keep them. */
function withoutServer({ settings, config, setup, environmentOf }: Starting): readonly string[] {
  if (!settings.workers || settings.oneShot) return []
  return setup.detected.flatMap(({ provider, detection }) => {
    if (!detection.usable) return []
    const request = sampleRequest(provider, settings, config.file.allow)
    const stays =
      provider.serve?.command({ type: 'work', request }, request.ownDir, environmentOf(provider)) !== undefined
    const without = `${provider.name} has no long-lived mode under ${request.permissions}`
    return stays ? [] : [`${without}: each turn starts a process of its own`]
  })
}

/** CLIs that can't be used, next to others that can. */
export function unusableLines({ detected }: ProviderSetup): readonly string[] {
  return detected.flatMap(({ provider, detection }) =>
    detection.usable ? [] : [`${provider.name} is not usable: ${detection.reason} ${detection.help}`.trim()],
  )
}

/** Its URL may come from a variable that only some machines have. */
function withoutWebhook({ config }: Announced): readonly string[] {
  const { webhook } = config.file.notify ?? {}
  return webhook && 'missing' in webhook ? [`notify: ${webhook.missing} has no URL, so nothing is posted`] : []
}

/** None of our agents is working on a task that the file calls in progress: it runs again. */
function interrupted({ loaded, plan }: Announced): readonly string[] {
  const ids = plan.runnable.filter((id) => loaded.graph.tasks.get(id)?.status === 'in_progress')
  if (ids.length === 0) return []
  return [
    `${plural(ids.length, 'task')} marked in progress in the roadmap will run: ${ids.slice(0, 5).map(showId).join(', ')}`,
  ]
}

function untested({ detected }: ProviderSetup): readonly string[] {
  return detected.flatMap(({ provider, detection }) => {
    if (!detection.usable || detection.tested || !provider.program) return []
    return [
      `${provider.name} is ${detection.version ?? 'another version'}; autopilot was tested with ${provider.program.testedVersion}`,
    ]
  })
}

/** Configured gates that can't fail. */
function unfailing({ config }: Announced): readonly string[] {
  return config.file.gates.flatMap(({ name, run }) => {
    const why = whyUnfailing(run)
    return why === undefined ? [] : [`the gate ${cleanLine(name, 60)} cannot fail: ${why}; ${failingHelp}`]
  })
}

function unpriced({ settings, config, setup, loaded, plan }: Announced): readonly string[] {
  const tasks = plan.runnable.flatMap((id) => loaded.graph.tasks.get(id) ?? [])
  return uncounted(setup, tasks, budgetsOf(settings, config.file), config.file.prices)
}

function withoutAllow({ config, setup }: Announced): readonly string[] {
  if (config.file.allow.length === 0 || !setup.policy.usable.includes('codex')) return []
  return ['allow: has no effect on codex, which has only its sandbox; it names tools of claude']
}

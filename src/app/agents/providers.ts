import { defaultProviders, formatProviderModel } from '../../domain/agent/provider-model.js'
import { permissionsOf } from '../../domain/agent/permissions.js'
import type { RoutePolicy } from '../../domain/routing/routing.js'
import type { Review } from '../../domain/landing/review.js'
import type { Task } from '../../domain/roadmap/task.js'
import { askProgram } from '../../platform/processes/ask-program.js'
import type { CaptureOptions } from '../../platform/processes/capture.js'
import type { Provider, WorkRequest } from '../../providers/adapter/contract.js'
import { detectProvider, tryEnforcer, type Capture, type Detection } from '../../providers/detect.js'
import type { EnvironmentOf } from '../../providers/environment.js'
import type { FindProvider } from '../../providers/index.js'
import type { FileSettings, RunSettings } from '../../config/settings.js'

export interface Detected {
  readonly provider: Provider
  readonly detection: Detection
}

export interface ProviderSetup {
  readonly policy: RoutePolicy
  readonly caps: ReadonlyMap<string, number>
  readonly detected: readonly Detected[]
}

/** The agent CLIs that a run could use: for its tasks, and for reviews. */
export function candidateProviders(
  tasks: readonly Task[],
  settings: RunSettings,
  file: FileSettings,
  find: FindProvider,
): readonly Provider[] {
  const working = workingProviders(tasks, settings, file.routes, find)
  return [...new Set([...working, ...reviewingProviders(tasks, settings, file, find)])]
}

/** The agent CLIs that these tasks could use, given what is asked for; empty if all are commands. */
export function workingProviders(
  tasks: readonly Task[],
  settings: RunSettings,
  routes: FileSettings['routes'],
  find: FindProvider,
): readonly Provider[] {
  const needing = tasks.filter(({ run }) => run === undefined)
  const asked = needing.flatMap(({ providers }) => providers ?? [])
  const open = needing.filter(({ providers }) => providers === undefined)
  const routed = open.flatMap(({ complexity }) => routes[complexity] ?? []).map(({ provider }) => provider)
  const names = new Set([...(open.length > 0 ? generalProviders(settings) : []), ...routed, ...asked])
  return [...names].flatMap((name) => find(name) ?? [])
}

/** Those that reviews name, and all that are allowed anyway, because another one than the author should review. */
function reviewingProviders(
  tasks: readonly Task[],
  settings: RunSettings,
  file: FileSettings,
  find: FindProvider,
): readonly Provider[] {
  const reviews = tasks.length === 0 ? [] : reviewsOf(settings, file)
  const named = reviews.flatMap(({ reviewers }) => reviewers.map(({ provider }) => provider))
  const names = new Set(named.length === 0 ? [] : [...generalProviders(settings), ...named])
  return [...names].flatMap((name) => find(name) ?? [])
}

/** Those that a task may have that names none, and that no route leads elsewhere. */
export function generalProviders({ providers }: RunSettings): readonly string[] {
  return providers?.map(({ provider }) => provider) ?? defaultProviders
}

/** The reviews of a run: without isolation there is nothing to review. */
export function reviewsOf({ isolation }: RunSettings, { reviews }: FileSettings): readonly Review[] {
  return isolation === 'none' ? [] : reviews
}

/**
 * Asks the CLIs for their versions, all at once, and makes the routing from those that answered. `ended` ends CLIs
 * that haven't answered; `cwd` is where they are asked.
 */
export async function setUpProviders(
  candidates: readonly Provider[],
  settings: RunSettings,
  { routes, allow }: Pick<FileSettings, 'routes' | 'allow'>,
  environmentOf: EnvironmentOf,
  ended: Pick<CaptureOptions, 'signal' | 'watchdog' | 'cwd'>,
): Promise<ProviderSetup> {
  const ask: Capture = (program, args, options) => askProgram(program, args, { ...options, ...ended })
  const detected = await Promise.all(
    candidates.map(async (provider): Promise<Detected> => {
      const environment = environmentOf(provider)
      const detection = await detectProvider(provider, ask, { env: environment })
      if (!detection.usable) return { provider, detection }
      const sample = sampleRequest(provider, settings, allow)
      const refused = provider.refusal(sample, environment)
      if (refused) return { provider, detection: { usable: false, reason: refused.message, help: '' } }
      const lacking = await tryEnforcer(provider, sample.permissions, ask, environment)
      return { provider, detection: lacking ?? detection }
    }),
  )
  const usable = new Set(detected.flatMap(({ provider, detection }) => (detection.usable ? [provider.name] : [])))
  return { ...routing([...usable], settings, routes), detected }
}

/** What all requests of the run have in common, to ask a provider in advance what it would make of them. */
export function sampleRequest({ name }: Provider, settings: RunSettings, allow: readonly string[]): WorkRequest {
  const permissions = permissionsOf(settings.permissions, name)
  return { cwd: '/', ownDir: '/', prompt: '', permissions, allow, asRoot: process.getuid?.() === 0 }
}

/** Routing among providers that are assumed to be usable. */
export function routing(
  usable: readonly string[],
  settings: RunSettings,
  routes: FileSettings['routes'],
): Pick<ProviderSetup, 'policy' | 'caps'> {
  const chosen = settings.providers?.filter(({ provider }) => usable.includes(provider))
  const caps = new Map(
    (chosen ?? []).flatMap((choice): [string, number][] =>
      choice.cap === undefined ? [] : [[formatProviderModel(choice), choice.cap]],
    ),
  )
  const providers = chosen?.map(({ provider, model }) => (model === undefined ? { provider } : { provider, model }))
  return {
    policy: {
      routes,
      usable,
      providers: providers ?? usable.map((provider) => ({ provider })),
      ordered: providers !== undefined,
    },
    caps,
  }
}

import { formatProviderModel } from '../domain/provider-model.js'
import type { RoutePolicy } from '../domain/routing.js'
import type { Task } from '../domain/task.js'
import { capture } from '../platform/capture.js'
import { providerNames, type Provider } from '../providers/contract.js'
import { detectProvider, type Detection } from '../providers/detect.js'
import { childEnvironment } from '../providers/environment.js'
import { findProvider } from '../providers/index.js'
import type { FileSettings, RunSettings } from './settings.js'

export interface Detected {
  readonly provider: Provider
  readonly detection: Detection
}

export interface ProviderSetup {
  readonly policy: RoutePolicy
  readonly caps: ReadonlyMap<string, number>
  readonly detected: readonly Detected[]
}

/** The agent CLIs that could be used by these tasks, by what is asked for; empty when all are commands. */
export function candidateProviders(
  tasks: readonly Task[],
  settings: RunSettings,
  routes: FileSettings['routes'],
): readonly Provider[] {
  const needing = tasks.filter((task) => task.run === undefined)
  if (needing.length === 0) return []
  const general =
    settings.providers?.map(({ provider }) => provider) ?? providerNames.filter((name) => name !== 'command')
  const routed = Object.values(routes).flatMap((route) => route.map(({ provider }) => provider))
  const asked = needing.flatMap(({ provider }) => provider ?? [])
  return [...new Set([...general, ...routed, ...asked])].flatMap((name) => findProvider(name) ?? [])
}

/** Asks the CLIs for their versions, all at once, and makes the routing from those that answered. */
export async function setUpProviders(
  candidates: readonly Provider[],
  settings: RunSettings,
  file: FileSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ProviderSetup> {
  const detected = await Promise.all(
    candidates.map(async (provider) => {
      const environment = childEnvironment(env, provider, file.env)
      return { provider, detection: await detectProvider(provider, capture, { env: environment }) }
    }),
  )
  const usable = new Set(detected.flatMap(({ provider, detection }) => (detection.usable ? [provider.name] : [])))
  return { ...routing([...usable], settings, file.routes), detected }
}

/** Routing among providers that are taken to be usable. */
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

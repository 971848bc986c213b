import { providerNames } from '../domain/agent/provider-model.js'
import { commandProvider } from '../domain/routing/routing.js'
import type { FileSettings, RunSettings } from './settings.js'
import { oneOf, providerName } from './value.js'

/** The agent CLIs that a run can name: those that autopilot knows, and those that the configuration describes. */
export function selectableProviders({ customProviders }: Pick<FileSettings, 'customProviders'>): readonly string[] {
  return selectableBeside(Object.keys(customProviders))
}

function selectableBeside(own: readonly string[]): readonly string[] {
  return [...providerNames.filter((name) => name !== commandProvider), ...own]
}

/** A provider that is named, and where: the keys and positions that lead to it. */
interface NamedProvider {
  readonly name: string
  readonly path: readonly (string | number)[]
}

/** Of settings that have flags. */
export function providersInSettings({ providers = [], permissions }: Partial<RunSettings>): readonly string[] {
  return [...providers.map(({ provider }) => provider), ...Object.keys(permissions?.ofProviders ?? {})]
}

/**
 * Of a configuration as it was written, so that they are found beside other mistakes. What isn't a name, or stands where
 * none may stand, the schema reports.
 */
function providersInFile(data: unknown): readonly NamedProvider[] {
  const { providers, routes, gates, budgets, prices, permissions } = mapOf(data)
  const reviews = Array.isArray(gates)
    ? gates.flatMap((gate, index) => namesIn(mapOf(gate).review, ['gates', index, 'review']))
    : namesIn(mapOf(gates).review, ['gates', 'review'])
  return [
    ...namesIn(providers, ['providers']),
    ...Object.entries(mapOf(routes)).flatMap(([complexity, route]) => namesIn(route, ['routes', complexity])),
    ...reviews,
    ...Object.entries({ budgets, prices, permissions }).flatMap(([key, map]) =>
      Object.keys(mapOf(map)).flatMap((name) => named(name, [key, name])),
    ),
  ]
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function namesIn(value: unknown, path: NamedProvider['path']): readonly NamedProvider[] {
  if (Array.isArray(value)) return value.flatMap((one: unknown, index) => named(one, [...path, index]))
  return named(value, path)
}

/** In `NAME`, `NAME:MODEL` and `NAME:MODEL=CAP`. */
function named(value: unknown, path: NamedProvider['path']): readonly NamedProvider[] {
  const name = typeof value === 'string' ? /^[^:=]*/.exec(value)?.[0] : undefined
  return name !== undefined && providerName(name).ok ? [{ name, path }] : []
}

/** The names in a configuration as it was written that no provider has, and what is wrong with each. */
export function unknownProvidersIn(data: unknown): readonly (NamedProvider & { readonly why: string })[] {
  const selectable = selectableBeside(Object.keys(mapOf(mapOf(data).custom_providers)))
  return providersInFile(data).flatMap((one) => {
    const why = unknownProvider(one.name, selectable)
    return why === undefined ? [] : [{ ...one, why }]
  })
}

/** What is wrong with a name; undefined if there is such a provider. */
export function unknownProvider(name: string, selectable: readonly string[]): string | undefined {
  const known = oneOf(selectable)(name)
  return known.ok ? undefined : known.error
}

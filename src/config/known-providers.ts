import { parseProviderModel, providerNames } from '../domain/agent/provider-model.js'
import type { GateEntry } from './gate-config.js'
import { commandProvider } from '../domain/routing/routing.js'
import type { FileSettings, RunSettings } from './settings.js'
import { oneOf } from './value.js'

/** The agent CLIs that a run can name: those that autopilot knows, and those that the configuration describes. */
export function selectableProviders({ customProviders }: Pick<FileSettings, 'customProviders'>): readonly string[] {
  return [...providerNames.filter((name) => name !== commandProvider), ...Object.keys(customProviders)]
}

/** A provider that settings name, and where: the keys and positions that lead to it. */
export interface NamedProvider {
  readonly name: string
  readonly path: readonly (string | number)[]
}

/** Of the settings that also have flags. */
export function providersInSettings({ providers, permissions }: Partial<RunSettings>): readonly NamedProvider[] {
  return [
    ...(providers ?? []).map(({ provider: name }, index) => ({ name, path: ['providers', index] })),
    ...keysOf(permissions?.ofProviders, 'permissions'),
  ]
}

/** Of what only the configuration has, as it was read. */
export function providersInFile(file: {
  readonly routes?: Readonly<Record<string, readonly { readonly provider: string }[] | undefined>> | undefined
  readonly gates?: readonly GateEntry[] | undefined
  readonly budgets?: object | undefined
  readonly prices?: object | undefined
}): readonly NamedProvider[] {
  return [
    ...Object.entries(file.routes ?? {}).flatMap(([complexity, route]) => listed(route, ['routes', complexity])),
    ...(file.gates ?? []).flatMap((gate, index) =>
      'review' in gate ? listed(gate.review, ['gates', index, 'review']) : [],
    ),
    ...keysOf(file.budgets, 'budgets'),
    ...keysOf(file.prices, 'prices').map(({ name, path }) => ({ name: parseProviderModel(name).provider, path })),
  ]
}

function listed(
  offers: readonly { readonly provider: string }[] | undefined,
  path: readonly (string | number)[],
): readonly NamedProvider[] {
  return (offers ?? []).map(({ provider: name }, index) => ({ name, path: [...path, index] }))
}

function keysOf(map: object | undefined, key: string): readonly NamedProvider[] {
  return Object.keys(map ?? {}).map((name) => ({ name, path: [key, name] }))
}

/** What is wrong with a name; undefined if there is such a provider. */
export function unknownProvider(name: string, selectable: readonly string[]): string | undefined {
  const known = oneOf(selectable)(name)
  return known.ok ? undefined : known.error
}

import { claude } from './claude/provider.js'
import { codex } from './codex/provider.js'
import { command } from './command.js'
import { type Provider } from './adapter/contract.js'
import { providerNames, type ProviderName } from '../domain/agent/provider-model.js'

/** Every provider there is. A name without its adapter does not compile. */
export const providers = { claude, codex, command } as const satisfies Record<ProviderName, Provider>

/** The provider of this name, or undefined for a name that autopilot does not know. */
export function findProvider(name: string): Provider | undefined {
  const known = providerNames.find((candidate) => candidate === name)
  return known === undefined ? undefined : providers[known]
}

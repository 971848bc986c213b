import { claude } from './claude/provider.js'
import { codex } from './codex/provider.js'
import { command } from './command.js'
import { copilot } from './copilot/provider.js'
import { customProvider } from './custom.js'
import { gemini } from './gemini/provider.js'
import { opencode } from './opencode/provider.js'
import { pi } from './pi/provider.js'
import { qwen } from './qwen/provider.js'
import type { Provider } from './adapter/contract.js'
import type { CustomProvider } from '../domain/agent/custom-provider.js'
import { providerNames, type ProviderName } from '../domain/agent/provider-model.js'

/** Every provider there is. A name without its adapter does not compile. */
export const providers = { claude, codex, gemini, opencode, qwen, copilot, pi, command } as const satisfies Record<
  ProviderName,
  Provider
>

/** The provider of a name; undefined if there is none. */
export type FindProvider = (name: string) => Provider | undefined

/** All providers of a run: the known ones, and those that its configuration describes. */
export function providersWith(custom: Readonly<Record<string, CustomProvider>>): FindProvider {
  const own = new Map(Object.entries(custom).map(([name, described]) => [name, customProvider(name, described)]))
  return (name) => {
    const known = providerNames.find((candidate) => candidate === name)
    return known === undefined ? own.get(name) : providers[known]
  }
}

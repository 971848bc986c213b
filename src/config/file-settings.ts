import type { Budget } from '../domain/accounts/budget.js'
import type { Complexity } from '../domain/roadmap/task.js'
import type { CustomProvider } from '../domain/agent/custom-provider.js'
import type { EnvTemplates } from '../domain/secrets/env-template.js'
import type { Gate } from '../domain/landing/gate.js'
import type { Keep, Setup } from '../domain/setup.js'
import type { PortRange } from '../platform/locks/port-blocks.js'
import type { Prices } from '../domain/accounts/price.js'
import type { ProviderModel } from '../domain/agent/provider-model.js'
import type { Review } from '../domain/landing/review.js'
import type { NotifySettings } from './notify-config.js'

/** Settings that only the configuration file has. */
export interface FileSettings {
  readonly routes: Partial<Readonly<Record<Complexity, readonly ProviderModel[]>>>
  /** Gates for every task's work. */
  readonly gates: readonly Gate[]
  /** Reviews of every task's work; they come after the command gates. */
  readonly reviews: readonly Review[]
  /** What each provider may spend in a run. */
  readonly budgets: Readonly<Record<string, Budget>>
  readonly prices: Prices
  readonly allow: readonly string[]
  /** Agent CLIs that autopilot does not know, by name. */
  readonly customProviders: Readonly<Record<string, CustomProvider>>
  /** Whether agents' changes to this configuration and to settings of agent CLIs may land. */
  readonly agentsMayConfigure: boolean
  readonly env: Readonly<Record<string, string>>
  /** The range for AUTOPILOT_PORT. */
  readonly ports?: PortRange
  /** Variables of `env:` that contain placeholders. */
  readonly envTemplates: EnvTemplates
  readonly setup?: Setup
  readonly copy: readonly string[]
  readonly keep: Keep
  readonly link: readonly string[]
  /** More secrets to mask: dotenv files (relative to the configuration file) and names of variables. */
  readonly secrets: { readonly files: readonly string[]; readonly names: readonly string[] }
  /** What tells a person of a run that nobody watches. */
  readonly notify?: NotifySettings
  /** Path of a prompt template, relative to the configuration file. */
  readonly prompt?: string
  readonly statuses: Readonly<Record<string, string>>
  readonly workspacesDir?: string
}

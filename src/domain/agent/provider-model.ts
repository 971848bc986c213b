import { name, number, object, optional, titled, type ValueOf } from '../shape/shape.js'

/** A provider, with a model where one is asked for; without, the CLI's own default model is used. */
export const providerModelFields = {
  provider: name('`claude`, `codex`, `gemini`, …, or `command` for a task with `run:`.'),
  model: optional(name("Absent for the CLI's own default model.")),
}
export const providerModelShape = titled('agent', object(providerModelFields))
export type ProviderModel = ValueOf<typeof providerModelShape>

/** A provider as `--provider` names it. */
export const providerChoiceShape = titled(
  'chosen provider',
  object({ ...providerModelFields, cap: optional(number('The most slots that it may hold at once.')) }),
)
export type ProviderChoice = ValueOf<typeof providerChoiceShape>

/** `claude` or `claude:opus`: how people write it and how it is shown. */
export function formatProviderModel({ provider, model }: ProviderModel): string {
  return model === undefined ? provider : `${provider}:${model}`
}

/** The same model of the same provider. */
export function isSameOffer(a: ProviderModel, b: ProviderModel): boolean {
  return a.provider === b.provider && a.model === b.model
}

/** The inverse of {@link formatProviderModel}; the model may itself hold colons. */
export function parseProviderModel(text: string): ProviderModel {
  const colon = text.indexOf(':')
  return colon < 0 ? { provider: text } : { provider: text.slice(0, colon), model: text.slice(colon + 1) }
}

/** The providers that there are. */
export const providerNames = ['claude', 'codex', 'gemini', 'opencode', 'qwen', 'copilot', 'pi', 'command'] as const

/** Those that a run uses where nobody names any: that a CLI is installed does not mean that it may be paid. */
export const defaultProviders: readonly string[] = ['claude', 'codex']

export type ProviderName = (typeof providerNames)[number]

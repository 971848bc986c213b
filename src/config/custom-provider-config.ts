import * as z from 'zod/mini'
import type { CustomProvider } from '../domain/agent/custom-provider.js'
import { providerNames } from '../domain/agent/provider-model.js'
import { keysAre, scalar } from './scalar.js'
import { oneOf, providerName, type ReadValue } from './value.js'

/** Nothing restricts a command of the user's but the command itself, so nothing less may be promised. */
const permissions: ReadValue<'full'> = (text) =>
  text === 'full'
    ? { ok: true, value: 'full' }
    : {
        ok: false,
        error: `'${text}' cannot be enforced for a command of your own: write full, and restrict it by its own flags`,
      }

const fields = z.strictObject({
  run: z.string('expected a command').check(z.refine((command) => command.trim() !== '', 'expected a command')),
  prompt: z.optional(scalar(oneOf(['stdin', 'argument']))),
  success: z.optional(scalar(oneOf(['exit']))),
  permissions: scalar(permissions),
})

const ownName: ReadValue<string> = (text) =>
  providerNames.some((name) => name === text)
    ? { ok: false, error: `'${text}' is a provider already: choose another name` }
    : providerName(text)

/** What may stand under `custom_providers:`. */
export const customProviders = z.record(z.string(), fields).check(keysAre(ownName))

export const customProviderKeys = Object.keys(fields.shape)

export function customProvidersOf(
  read: z.infer<typeof customProviders> | undefined,
): Readonly<Record<string, CustomProvider>> {
  const entries = Object.entries(read ?? {})
  return Object.fromEntries(entries.map(([name, { run, prompt = 'stdin' }]) => [name, { run, prompt }]))
}

import * as z from 'zod/mini'
import type { CustomProvider } from '../domain/agent/custom-provider.js'
import { providerNames } from '../domain/agent/provider-model.js'
import type { Result } from '../domain/result.js'
import { chosen } from './chosen.js'
import { keysAre, scalar } from './scalar.js'
import { oneOf, providerName, reads } from './value.js'

/** Nothing restricts a command of the user's but the command itself, so nothing less may be promised. */
const permissions = reads<'full'>({ kind: 'words', words: ['full'] }, (text) =>
  text === 'full'
    ? { ok: true, value: 'full' }
    : {
        ok: false,
        error: `'${text}' cannot be enforced for a command of your own: write full, and restrict it by its own flags`,
      },
)

const command = z.string('expected a command').check(z.regex(/\S/, 'expected a command'))

const processFields = z.strictObject({
  run: command,
  prompt: z.optional(scalar(oneOf(['stdin', 'argument']))),
  success: z.optional(scalar(oneOf(['exit']))),
  permissions: scalar(permissions),
})

const byProtocol = z.optional(z.never('an agent server gets its prompts, and tells its success, by the protocol'))

const serverFields = z.strictObject({
  acp: command,
  run: z.optional(z.never('a provider has either run or acp')),
  prompt: byProtocol,
  success: byProtocol,
  permissions: scalar(permissions),
})

/** The command of a CLI that gets a process for each turn, or that of an agent server. */
const fields = chosen<z.infer<typeof processFields> | z.infer<typeof serverFields>>(
  (entry) => (typeof entry === 'object' && entry !== null && 'acp' in entry ? serverFields : processFields),
  [processFields, serverFields],
)

const ownName = (text: string): Result<string, string> =>
  providerNames.some((name) => name === text)
    ? { ok: false, error: `'${text}' is a provider already: choose another name` }
    : providerName(text)

/** What may stand under `custom_providers:`. */
export const customProviders = z.record(z.string(), fields).check(keysAre(ownName))

export const customProviderKeys = Object.keys({ ...processFields.shape, acp: true })

export function customProvidersOf(
  read: z.infer<typeof customProviders> | undefined,
): Readonly<Record<string, CustomProvider>> {
  return Object.fromEntries(Object.entries(read ?? {}).map(([name, entry]) => [name, customProviderOf(entry)]))
}

function customProviderOf(entry: z.infer<typeof fields>): CustomProvider {
  if ('acp' in entry) return { type: 'server', acp: entry.acp }
  const { run, prompt = 'stdin' } = entry
  return { type: 'process', run, prompt }
}

import { parseUsd } from '../domain/accounts/budget.js'
import { durationForms, parseDuration, parseDurationOrNone } from '../domain/duration.js'
import { permissionModes, type PermissionChoice, type Permissions } from '../domain/agent/permissions.js'
import { parseProviderModel, type ProviderChoice, type ProviderModel } from '../domain/agent/provider-model.js'
import { err, ok, type Result } from '../domain/result.js'
import { nearest } from '../domain/nearest.js'
import type { Form } from './form.js'
import { portsInBlock, type PortRange } from '../platform/locks/port-blocks.js'

/** Reads one setting from text, the same for flags, environment and configuration. The error says what is accepted. */
export interface ReadValue<Value> {
  (text: string): Result<Value, string>
  readonly form: Form
}

/** A reader, and the form that it reads. */
export function reads<Value>(form: Form, read: (text: string) => Result<Value, string>): ReadValue<Value> {
  return Object.assign((text: string) => read(text), { form })
}

export function wholeNumber(min: number, max: number): ReadValue<number> {
  return reads({ kind: 'whole', min, max }, (text) => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return ok(value)
    return err(`'${text}' is not a whole number from ${min} to ${max}`)
  })
}

export function oneOf<const Word extends string>(words: readonly Word[]): ReadValue<Word> {
  return reads({ kind: 'words', words }, (text) => {
    const word = words.find((one) => one === text)
    if (word !== undefined) return ok(word)
    const guess = nearest(text, words)
    return err(`'${text}' is not one of ${words.join(', ')}${guess === undefined ? '' : `; did you mean ${guess}?`}`)
  })
}

export const duration = reads<number>({ kind: 'duration', orNone: false }, (text) => {
  const ms = parseDuration(text.trim())
  return ms === undefined ? err(`'${text}' is not ${durationForms}`) : ok(ms)
})

/** A duration, or 0 for none. */
export const durationOrNone = reads<number>({ kind: 'duration', orNone: true }, (text) => {
  const ms = parseDurationOrNone(text.trim())
  return ms === undefined ? err(`'${text}' is neither 0 nor ${durationForms}`) : ok(ms)
})

/** Money in US dollars. */
export const usd = reads<number>({ kind: 'usd' }, (text) => {
  const value = parseUsd(text.trim())
  return value === undefined ? err(`'${text}' is not an amount in US dollars above 0, such as 5 or 2.50`) : ok(value)
})

export const anyText = reads<string>({ kind: 'text' }, (text) =>
  text.trim() === '' ? err('it must not be empty') : ok(text),
)

/** What environment variables that switch something on may say. */
export const onOff = reads<boolean>({ kind: 'switch' }, (text) => {
  if (/^(1|true|yes|on)$/i.test(text)) return ok(true)
  if (/^(0|false|no|off)?$/i.test(text)) return ok(false)
  return err(`'${text}' is neither 1 nor 0`)
})

const rangeForm: Form = {
  kind: 'pattern',
  pattern: '^\\s*\\d{1,5}-\\d{1,5}\\s*$',
  about: 'a range, such as 20000-29999',
}

/** The ports for blocks of ten; those below 1024 belong to the system. */
export const portRange = reads<PortRange>(rangeForm, (text) => {
  const [first = 0, last = 0] = (/^(\d{1,5})-(\d{1,5})$/.exec(text.trim()) ?? []).slice(1).map(Number)
  if (first >= 1024 && last <= 65_535 && last - first + 1 >= portsInBlock) return ok({ first, last })
  return err(`'${text}' is not a range of ten ports or more from 1024 to 65535, such as 20000-29999`)
})

const namePattern = '[A-Za-z0-9][\\w.-]{0,59}'

/** The name of an agent CLI, in its form: which ones there are, is known once the configuration has been read. */
export const providerName = reads<string>(
  { kind: 'pattern', pattern: `^${namePattern}$`, about: 'the name of an agent CLI' },
  (text) => (new RegExp(`^${namePattern}$`).test(text) ? ok(text) : err(`'${text}' is not the name of an agent CLI`)),
)

/** `NAME[:MODEL][=CAP]` */
export const providerChoice = reads<ProviderChoice>(
  {
    kind: 'pattern',
    pattern: `^${namePattern}(?::[\\s\\S]+?)?(?:=\\s*\\d+\\s*)?$`,
    about: 'an agent CLI, such as claude, claude:opus or codex=2',
  },
  (text) => {
    const match = /^([^:=]+)(?::(.+?))?(?:=(.*))?$/s.exec(text)
    const name = providerName(match?.[1] ?? text)
    if (!name.ok) return name
    const chosen = match?.[2] === undefined ? { provider: name.value } : { provider: name.value, model: match[2] }
    if (match?.[3] === undefined) return ok(chosen)
    const cap = wholeNumber(1, 256)(match[3])
    return cap.ok ? ok({ ...chosen, cap: cap.value }) : cap
  },
)

/** `NAME[:MODEL]`, as in `routes:`. */
export const providerModel = reads<ProviderModel>(
  {
    kind: 'pattern',
    pattern: `^${namePattern}(?::[\\s\\S]*)?$`,
    about: 'an agent CLI, such as claude or claude:haiku',
  },
  (text) => {
    const parsed = parseProviderModel(text)
    const name = providerName(parsed.provider)
    return name.ok ? ok(parsed) : name
  },
)

const permissions = oneOf(permissionModes)
const modes = permissionModes.join('|')
const permissionPattern = `(?:\\s*${namePattern}\\s*=)?\\s*(?:${modes})\\s*`

/** `MODE`, `NAME=MODE` for a provider of its own, or several of them with commas between: `edit,pi=full`. */
export const permissionChoice = reads<PermissionChoice>(
  {
    kind: 'pattern',
    pattern: `^${permissionPattern}(?:,${permissionPattern})*$`,
    about: `${permissionModes.join(', ')}, or by CLI: pi=full`,
  },
  (text) => {
    const ofProviders: Record<string, Permissions> = {}
    let general: Permissions = 'edit'
    for (const part of text.split(',')) {
      const [, provider, mode = part] = /^([^=]*)=(.*)$/s.exec(part) ?? []
      const name = provider === undefined ? undefined : providerName(provider.trim())
      if (name?.ok === false) return name
      const read = permissions(mode.trim())
      if (!read.ok) return read
      if (name) ofProviders[name.value] = read.value
      else general = read.value
    }
    return ok({ general, ofProviders })
  },
)

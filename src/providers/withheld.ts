import type { Failure } from '../domain/agent/failure.js'
import { plural } from '../domain/text.js'

/** Variables that are set here and do not reach an agent. */
export interface Withheld {
  has(name: string): boolean
}

/**
 * What a CLI means that misses a variable. Source: codex 0.169.0, ``Missing environment variable: `MY_KEY`.``; the
 * names stand behind the words, with or without quotes.
 */
const missing =
  /\b(?:missing|required|unset|undefined) environment variables?:?\s*((?:[`'"]?[A-Za-z_]\w*[`'"]?(?:, )?)+)/i

/** A CLI that misses a variable which is set here: that is no login to be renewed, but a line of configuration. */
export function explainWithheld<Failed extends Failure | undefined>(failed: Failed, withheld: Withheld): Failed {
  if (!failed) return failed
  const named = missing.exec(failed.message)?.[1]?.match(/[A-Za-z_]\w*/g) ?? []
  const names = named.filter((name) => withheld.has(name))
  return names.length === 0 ? failed : { ...failed, message: `${failed.message} ${passHint(names)}` }
}

/** How variables that are set here are passed on. */
export function passHint(names: readonly string[]): string {
  const [what, verb, pass] = names.length === 1 ? ['It', 'is', 'does'] : ['They', 'are', 'do']
  const keys = names.map((name) => `${name}:`).join(', ')
  return (
    `${what} ${verb} set here, but ${pass} not pass to agents unless you name ${names.length === 1 ? 'it' : 'them'}: ` +
    `put ${plural(names.length, 'line')} without a value under env: in autopilot.yaml (${keys}).`
  )
}

import type { Environment } from '../process/environment.js'

/** Shorter ones stand in ordinary text by chance; masking them would hide more than it protects. UTF-16 units. */
export const shortestSecret = 8

/** Names whose values count as secrets, such as `NPM_TOKEN`, `AWS_SECRET_ACCESS_KEY`, `PGPASSWORD`, `API_KEYS`. */
const secretName =
  /(?:^|_)(?:KEY|AUTH|PAT|PASS|PWD|COOKIE|JWT|PEM)S?$|(?:TOKEN|SECRET|CREDENTIAL|PASSPHRASE|APIKEY)S?$|PASSWORD|PASSWD|WEBHOOK/i

/** Names that may be about a key, or about its location, or about a keyboard: the value decides. */
const keyName = /KEY/i

/** Where the shell keeps a directory, not a password. */
const noSecretName = /^PWD$/

/**
 * The values in an environment that must not be shown: by the variable's name, by `names`, and whatever variable holds
 * it, the password in a URL.
 */
export function secretsOf(env: Environment, names: readonly string[]): readonly string[] {
  return Object.entries(env).flatMap(([name, value = '']) =>
    isSecretName(name) || names.includes(name) || (keyName.test(name) && looksRandom(value))
      ? [value]
      : passwordsIn(value),
  )
}

/**
 * The secret values in a file: as in an environment, and, because the file was named for its secrets, everything that
 * isn't plainly something else, such as a word, a number, a path or a plain URL.
 */
export function secretsOfFile(values: Environment, names: readonly string[]): readonly string[] {
  const others = Object.values(values).flatMap((value = '') => (isPlain(value) ? [] : [value]))
  return [...secretsOf(values, names), ...others]
}

/** Those of `names` whose values are set but too short to mask. */
export function tooShort(env: Environment, names: readonly string[]): readonly string[] {
  return names.filter((name) => (env[name] ?? '') !== '' && (env[name] ?? '').length < shortestSecret)
}

function isSecretName(name: string): boolean {
  return secretName.test(name) && !noSecretName.test(name)
}

/** No key in use is shorter. UTF-16 units. */
const shortestKey = 16
/** More is a document, whose lines are no key. */
const longestKey = 10_000

/** One long word without the shape of a name, a path or a URL: small letters, capitals and digits take turns in it. */
function looksRandom(value: string): boolean {
  if (value.length < shortestKey || value.length > longestKey || !/^[\w+/=.~-]+$/.test(value) || isPlain(value))
    return false
  const turns = value.match(/[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])/g)?.length ?? 0
  return turns >= value.length / 5
}

function isPlain(value: string): boolean {
  return /^(?:[a-z]*|[\d.,:]*|[.~]?\/.*|[a-z][a-z0-9+.-]*:\/\/[^@]*)$/i.test(value)
}

/** `scheme://user:password@host`; a name without a password counts when it is as long as a token. */
function passwordsIn(value: string): readonly string[] {
  return [...value.matchAll(/[a-z][a-z0-9+.-]{0,30}:\/\/([^\s/?#]+)@/gi)].flatMap(([, userInfo = '']) => {
    const colon = userInfo.indexOf(':')
    const password = colon < 0 ? userInfo : userInfo.slice(colon + 1)
    if (colon < 0 && password.length < tokenLength) return []
    // Too short by itself, but not beside its user.
    return password.length < shortestSecret ? [`${userInfo}@`] : [password, decoded(password)]
  })
}

/** No token of a well-known service is shorter. */
const tokenLength = 20

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

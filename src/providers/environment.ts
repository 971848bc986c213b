import type { CommitId } from '../domain/brand.js'
import { filledIn, type EnvTemplates, type Numbering } from '../domain/secrets/env-template.js'
import { variablesOf, type WorkNumber } from '../domain/agent/work-number.js'
import { filterVariables } from '../platform/git/filter-words.js'
import type { PassedVariables, Provider } from './adapter/contract.js'
import { toolchainHomes } from './toolchain-homes.js'
import type { Withheld } from './withheld.js'

/**
 * What every agent may see. Left out on purpose: other credentials, most of `GIT_*` (which would lead git out of the
 * workspace), `SSH_AUTH_SOCK` (agents don't push) and `NODE_OPTIONS`. Users who need more name it under `env:`.
 */
const commonVariables: PassedVariables = {
  names: [
    ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'LC_*', 'TZ', 'TMPDIR', 'XDG_*'],
    ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
    ...[
      'SSL_CERT_FILE',
      'SSL_CERT_DIR',
      'NODE_EXTRA_CA_CERTS',
      'REQUESTS_CA_BUNDLE',
      'CURL_CA_BUNDLE',
      'GIT_SSL_CAINFO',
    ],
    ...filterVariables,
    ...toolchainHomes,
  ],
}

/**
 * The whole environment of an agent: an allowlist over `parent`, then `extra`, which wins. `TERM` is `dumb`, because
 * agents have no terminal and their programs should not try to draw on one.
 */
export function childEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  provider: Provider,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const known = { ...parent, ...extra }
  const groups = [commonVariables, ...provider.passedVariables].filter(
    ({ when }) => when === undefined || isOn(known[when]),
  )
  const names = groups.flatMap((group) => group.names)
  const passed = Object.entries(parent).flatMap(([name, value]): [string, string][] =>
    value !== undefined && names.some((pattern) => matches(name, pattern)) ? [[name, value]] : [],
  )
  return { ...Object.fromEntries(passed), TERM: 'dumb', ...extra }
}

/**
 * The environment of each provider's agents; most of it is made once per run, and what each slot and gate job has of
 * its own is added when a process gets it. `numbering` has the variables with placeholders, which nobody else gets.
 */
export function childEnvironments(
  parent: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string>>,
  numbering: Numbering = { templates: {}, ports: [] },
): EnvironmentOf {
  const made = new Map<string, Readonly<Record<string, string>>>()
  return (provider, work) => {
    const environment = made.get(provider.name) ?? childEnvironment(parent, provider, extra)
    made.set(provider.name, environment)
    return work === undefined
      ? environment
      : { ...environment, ...variablesOf(work, numbering.ports), ...filledIn(numbering, work) }
  }
}

/** The environment of setup: it runs before there is a task, in a workspace that any slot may use. */
export function environmentOfSetup(environmentOf: EnvironmentOf, templates: EnvTemplates): EnvironmentOf {
  return (provider) => {
    const environment = Object.entries(environmentOf(provider))
    return Object.fromEntries(environment.filter(([name]) => !Object.hasOwn(templates, name)))
  }
}

/**
 * The environment of gates and setup: that of a command, with `CI`, which tells tools that nobody answers. For an
 * agent it would freeze `pnpm install`.
 */
export function environmentOfChecks(
  { CI }: Readonly<Record<string, string | undefined>>,
  environmentOf: EnvironmentOf,
): EnvironmentOf {
  return (provider, work) => ({ ...(CI === undefined ? {} : { CI }), ...environmentOf(provider, work) })
}

/**
 * `AUTOPILOT_BASE`, the commit that the work is a change of: `git diff $AUTOPILOT_BASE...HEAD` replaces `main...HEAD`,
 * because there is no branch with that name. Empty if there is no such commit, as in place.
 */
export function baseVariable(base: CommitId | undefined): Readonly<Record<string, string>> {
  return base === undefined ? {} : { AUTOPILOT_BASE: base }
}

/** The variable that identifies an attempt's processes, wherever they go: its value is the attempt's directory. */
export const attemptMark = 'AUTOPILOT_ATTEMPT'

/** The variables that differ with each attempt. */
export const attemptVariables: readonly string[] = ['AUTOPILOT_TASK', 'AUTOPILOT_BASE', attemptMark]

/** What is set here and kept from a provider's agents. */
export function withheldFrom(
  parent: Readonly<Record<string, string | undefined>>,
  environmentOf: EnvironmentOf,
): (provider: Provider) => Withheld {
  return (provider) => {
    const passed = environmentOf(provider, { number: 1 })
    return { has: (name) => (parent[name] ?? '') !== '' && !Object.hasOwn(passed, name) }
  }
}

/** `work`: for a process with a slot's or a gate job's number; without it, what all have. */
export type EnvironmentOf = (provider: Provider, work?: WorkNumber) => Readonly<Record<string, string>>

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes|on)$/i.test(value)
}

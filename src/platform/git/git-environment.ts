import type { Environment } from '../../domain/process/environment.js'
import { ownPath } from '../programs/own-programs.js'
import { filterVariables } from './filter-words.js'

/** Where git works: every call names it, so git never discovers a `.git` that an agent wrote. */
export interface GitPlace {
  /** Absolute path of the git directory. */
  readonly gitDir: string
  /** Absolute path of the work tree, for commands that touch one. */
  readonly workTree?: string
  /** Absolute path of the index file, if it isn't the git directory's own. */
  readonly indexFile?: string
  /** Absolute path of an object directory to use instead of the git directory's own. */
  readonly objectDir?: string
  /** Further object directories to read from. */
  readonly alternates?: readonly string[]
}

/**
 * Overrides, as `GIT_CONFIG_COUNT` pairs, which win over every configuration file. Source: with each of these, a
 * repository's own configuration could start a program, or make git wait or clean up.
 */
const overrides: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.untrackedCache', 'false'],
  ['commit.gpgSign', 'false'],
  ['tag.gpgSign', 'false'],
  ['log.showSignature', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['diff.external', ''],
  ['core.pager', 'cat'],
  ['core.sshCommand', 'false'],
  ['core.alternateRefsCommand', ':'],
  // If the user is just moving a ref, wait for it (ms) instead of failing.
  ['core.filesRefLockTimeout', '2000'],
  ['protocol.ext.allow', 'never'],
  ['submodule.recurse', 'false'],
  // Git LFS would fetch from where the tree's `.lfsconfig` says, and write into the configuration.
  ['lfs.url', 'none'],
  ['advice.detachedHead', 'false'],
]

const passed = [
  ...(['PATH', 'HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'TMP', 'TEMP', 'SYSTEMROOT'] as const),
  ...filterVariables,
] as const

/** Variables of the user that locate git's configuration and repositories. */
const userVariable = /^(GIT_CONFIG_.+|GIT_CEILING_DIRECTORIES|GIT_DISCOVERY_ACROSS_FILESYSTEM)$/

const fixed = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_SSH_COMMAND: 'false',
  GIT_ASKPASS: 'false',
  GIT_EDITOR: ':',
  GIT_LITERAL_PATHSPECS: '1',
} as const

/** The whole environment of a git. */
export interface GitEnvironment {
  /** What most gits share: the same object for all of them. */
  readonly shared: Readonly<Record<string, string>>
  /** What only this one has; it wins. */
  readonly own: Readonly<Record<string, string>>
}

export interface EnvironmentOptions {
  /** Variables in addition to the door's own, such as `GIT_AUTHOR_NAME`. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * The user's environment, if this call should see the user's own global and system configuration; all other calls
   * don't read it. The overrides still win.
   */
  readonly userConfig?: Environment
}

export function gitEnvironment(place: GitPlace, { env, userConfig }: EnvironmentOptions): GitEnvironment {
  const own: Record<string, string> = { GIT_DIR: place.gitDir }
  if (place.workTree !== undefined) own.GIT_WORK_TREE = place.workTree
  if (place.indexFile !== undefined) own.GIT_INDEX_FILE = place.indexFile
  if (place.objectDir !== undefined) own.GIT_OBJECT_DIRECTORY = place.objectDir
  if (place.alternates?.length) own.GIT_ALTERNATE_OBJECT_DIRECTORIES = place.alternates.map(quoted).join(':')
  return {
    shared: userConfig ? overridden(userConfig, userVariables(userConfig)) : standard(),
    own: { ...own, ...env },
  }
}

/** As for the user's own gits, without the overrides. */
export function userEnvironment(user: Environment): GitEnvironment {
  return { shared: { ...fixed, ...userVariables(user), PATH: ownPath(user.PATH) }, own: {} }
}

let known: { readonly of: string; readonly environment: Readonly<Record<string, string>> } | undefined

/**
 * For all gits except the user's: an agent may write to the user's home, so what is needed from there was read at the
 * start.
 */
function standard(): Readonly<Record<string, string>> {
  const given = JSON.stringify([ownPath(), ...passed.map((name) => process.env[name])])
  if (known?.of !== given) {
    const environment = overridden(process.env, { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' })
    known = { of: given, environment }
  }
  return known.environment
}

function overridden(from: Environment, configuration: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = { ...fixed, ...configuration, GIT_ATTR_NOSYSTEM: '1' }
  for (const name of passed) {
    const value = from[name]
    if (value !== undefined) env[name] = value
  }
  env.PATH = ownPath(env.PATH)
  addOverrides(env)
  return env
}

/** A path in a colon-separated list. Source: git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES: C-style quotes are undone. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

/** Puts the overrides after the pairs that the user's environment may already have: the last one wins. */
function addOverrides(env: Record<string, string>): void {
  const first = Number(env.GIT_CONFIG_COUNT ?? 0)
  for (const [index, [key, value]] of overrides.entries()) {
    env[`GIT_CONFIG_KEY_${first + index}`] = key
    env[`GIT_CONFIG_VALUE_${first + index}`] = value
  }
  env.GIT_CONFIG_COUNT = String(first + overrides.length)
}

function userVariables(user: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(user).filter((entry): entry is [string, string] => {
      const [name, value] = entry
      return value !== undefined && ((passed as readonly string[]).includes(name) || userVariable.test(name))
    }),
  )
}

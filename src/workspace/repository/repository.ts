import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import { cleanLine, errorText } from '../../domain/text.js'
import { ok, type Result } from '../../domain/result.js'
import { git, gitAsUser, type GitPlace } from '../../platform/git/git.js'
import { isProgram, ownProgram } from '../../platform/programs/own-programs.js'
import { filterHelp, filterProgram, filtersNamed, missingFilters } from '../git/content-filters.js'
import type { Identity, RepositoryRefusal, Repository } from '../contract.js'
import { discover, type Discovered } from './discover.js'
import { readIdentity } from '../git/identity.js'
import { readHeadTree, type HeadTree } from '../git/head-tree.js'
import { refStorage, refuseRefStorage } from './ref-storage.js'
import { refuse, refuseGit } from '../git/refusal.js'
import { refuseNeverEnding } from '../git/never-ending.js'
import { openSessions } from '../git/sessions.js'
import { readSharedRefs } from '../git/shared-refs.js'
import { findUsersSubmodules } from '../submodules/submodules.js'
import { refreshTrusted, trustedDir } from './trusted.js'
import { readUserCone } from './user-cone.js'
import { definedFilters, filled, isOn, lastValue, parseSettings, type GitSetting } from '../git/user-config.js'

export interface OpenOptions {
  /** A directory in the user's work tree. */
  readonly dir: string
  /** The user's environment: it says where their configuration is, and who they are. */
  readonly env: Environment
}

/**
 * Opens the user's repository: reads the user's configuration once, makes the trusted git directory from it, and
 * refuses what isn't safe to work on. Writes only that directory, and a store for Git LFS if LFS is set up and has
 * none.
 */
export async function openRepository({ dir, env }: OpenOptions): Promise<Result<Repository, RepositoryRefusal>> {
  const discovered = await discover(dir, env)
  if (!discovered.ok) return discovered
  const { root, commonDir, objectsDir, head } = discovered.value
  const settings = await readSettings(root, env)
  if (!settings.ok) return settings
  const identity = readIdentity(settings.value, env)
  if (!identity.ok) return identity
  const files = await contentFiles(root, settings.value, env)
  if (!files.ok) return files
  const readable = await refuseNeverEnding(filesRead(commonDir, files.value))
  if (!readable.ok) return readable
  const trusted: GitPlace = { gitDir: trustedDir(commonDir), objectDir: objectsDir }
  const made = await makeTrusted(discovered.value, settings.value, files.value)
  if (!made.ok) return made
  const complete = await refusePartial(trusted, head.commit, settings.value)
  if (!complete.ok) return complete
  const tree = await readHeadTree(trusted, head.commit)
  if (!tree.ok) return refuseGit(tree.error)
  const filtered = await refuseMissingFilter(commonDir, tree.value, settings.value)
  if (!filtered.ok) return filtered
  const user: GitPlace = { gitDir: commonDir }
  const sharedRefs = await readSharedRefs(user)
  if (!sharedRefs.ok) return refuseGit(sharedRefs.error)
  const cone = readUserCone(settings.value)
  return ok({
    ...discovered.value,
    ...made.value,
    trusted,
    user,
    sessions: openSessions(user, trusted, identity.value),
    identity: identity.value,
    namesHooks: lastValue(settings.value, 'core.hookspath') !== undefined,
    hooksDir: hooksDirOf(discovered.value, settings.value, env),
    signsCommits: isOn(settings.value, 'commit.gpgsign', false),
    sharedRefs: sharedRefs.value,
    gitlinks: tree.value.gitlinks,
    submodules: await findUsersSubmodules({ ...discovered.value, trusted }, head.commit, tree.value.links),
    ...(cone ? { cone } : {}),
    dirtyPaths: (excluding) => dirtyPaths(discovered.value, excluding, env),
  })
}

/** What a run would refuse about the user's configuration, found without creating anything. */
export async function checkConfiguration(
  discovered: Discovered,
  env: Environment,
): Promise<Result<Identity, RepositoryRefusal>> {
  const settings = await readSettings(discovered.root, env)
  if (!settings.ok) return settings
  const files = await contentFiles(discovered.root, settings.value, env)
  if (!files.ok) return files
  const readable = await refuseNeverEnding(filesRead(discovered.commonDir, files.value))
  return readable.ok ? readIdentity(settings.value, env) : readable
}

async function readSettings(root: string, env: Environment): Promise<Result<GitSetting[], RepositoryRefusal>> {
  const listing = await gitAsUser(root, ['config', '--list', '-z'], env)
  if (!listing.ok) return refuseGit(listing.error)
  const settings = parseSettings(listing.value.toString('utf8'))
  const form = refStorage(settings)
  return form === undefined ? ok(settings) : refuseRefStorage(cleanLine(root), form)
}

interface ContentFiles {
  readonly excludesFile: string
  readonly attributesFile: string
}

/**
 * Where the user's own excludes and attributes files are. git itself expands `~` and the like; relative paths count
 * from the root.
 */
async function contentFiles(
  root: string,
  settings: readonly GitSetting[],
  env: Environment,
): Promise<Result<ContentFiles, RepositoryRefusal>> {
  const folder = join(filled(env.XDG_CONFIG_HOME) ?? join(env.HOME ?? homedir(), '.config'), 'git')
  const standard = { excludesFile: join(folder, 'ignore'), attributesFile: join(folder, 'attributes') }
  const keys = ['core.excludesfile', 'core.attributesfile'] as const
  if (keys.every((key) => lastValue(settings, key) === undefined)) return ok(standard)
  const pattern = `^(${keys.join('|').replaceAll('.', '\\.')})$`
  const listing = await gitAsUser(root, ['config', '--type=path', '-z', '--get-regexp', pattern], env)
  if (!listing.ok) return refuseGit(listing.error)
  const expanded = parseSettings(listing.value.toString('utf8'))
  const [excludes, attributes] = keys.map((key) => lastValue(expanded, key))
  return ok({
    excludesFile: excludes === undefined ? standard.excludesFile : resolve(root, excludes),
    attributesFile: attributes === undefined ? standard.attributesFile : resolve(root, attributes),
  })
}

/** Source: git-config(1), core.hooksPath: relative to the directory where hooks run, which is the root. */
function hooksDirOf({ root, commonDir }: Discovered, settings: readonly GitSetting[], env: Environment): string {
  const named = filled(lastValue(settings, 'core.hookspath'))
  if (named === undefined) return join(commonDir, 'hooks')
  return named.startsWith('~/') ? join(env.HOME ?? homedir(), named.slice(2)) : resolve(root, named)
}

/** What autopilot, or its git, reads besides the configuration. */
function filesRead(commonDir: string, { excludesFile, attributesFile }: ContentFiles) {
  return [
    { path: excludesFile, what: 'your core.excludesFile' },
    { path: attributesFile, what: 'your core.attributesFile' },
    ...['info/exclude', 'info/attributes', 'shallow'].map((name) => ({
      path: join(commonDir, name),
      what: `.git/${name} of your repository`,
    })),
  ]
}

async function makeTrusted(
  { commonDir, objectFormat }: Discovered,
  settings: readonly GitSetting[],
  files: ContentFiles,
) {
  try {
    return ok(await refreshTrusted({ commonDir, objectFormat, settings, ...files }))
  } catch (error) {
    // A full or read-only disk is part of normal life; only git's own files are touched here.
    const why = cleanLine(errorText(error))
    const help = `Make ${cleanLine(join(commonDir, 'autopilot'))} writable for you.`
    return refuse('not_writable', `autopilot cannot write its git directory: ${why}`, help)
  }
}

/**
 * A partial clone fetches what it lacks while git runs; autopilot's git never fetches. A partial clone that has
 * everything is like any other. The trusted directory has no remote, so `rev-list` fails at the first missing object.
 */
async function refusePartial(
  trusted: GitPlace,
  commit: CommitId,
  settings: readonly GitSetting[],
): Promise<Result<void, RepositoryRefusal>> {
  const promisor = settings.find(({ key, value }) => /^remote\..+\.promisor$/s.test(key) && value !== 'false')
  const remote =
    lastValue(settings, 'extensions.partialclone') ?? promisor?.key.slice('remote.'.length, -'.promisor'.length)
  if (remote === undefined) return ok(undefined)
  const walked = await git(trusted, ['rev-list', '--objects', '--quiet', commit])
  if (walked.ok) return ok(undefined)
  return refuse(
    'partial_clone',
    'This is a partial clone: some of its objects are only on the remote.',
    `Fetch them all: git fetch --refetch --no-filter ${cleanLine(remote)}`,
  )
}

async function refuseMissingFilter(
  commonDir: string,
  tree: HeadTree,
  settings: readonly GitSetting[],
): Promise<Result<void, RepositoryRefusal>> {
  const local = await readFile(join(commonDir, 'info', 'attributes'), 'utf8').catch(() => '')
  const [name] = missingFilters([...tree.attributes, local], definedFilters(settings))
  if (name === undefined) return refuseMissingProgram([...tree.attributes, local].flatMap(filtersNamed), settings)
  const shown = cleanLine(name, 60)
  return refuse(
    'missing_filter',
    `Files here need the content filter '${shown}', which is not set up.`,
    filterHelp(shown),
  )
}

/** A filter that is set up but whose program is gone: git reports hardly more than that something hung up. */
async function refuseMissingProgram(
  names: readonly string[],
  settings: readonly GitSetting[],
): Promise<Result<void, RepositoryRefusal>> {
  for (const name of new Set(names)) {
    for (const way of ['process', 'clean', 'smudge']) {
      const program = filterProgram(lastValue(settings, `filter.${name}.${way}`) ?? '')
      if (program === undefined || (await isThere(program))) continue
      const shown = cleanLine(name, 60)
      const where = isAbsolute(program) ? 'missing' : 'not on PATH outside the repository'
      const message = `Files here need the content filter '${shown}', whose program ${cleanLine(program, 200)} is ${where}.`
      return refuse('missing_filter', message, filterHelp(shown))
    }
  }
  return ok(undefined)
}

/**
 * Whether a filter's program can be found. A shell has its own words, so of commands without a path only git's own
 * kind counts.
 */
async function isThere(program: string): Promise<boolean> {
  if (isAbsolute(program)) return isProgram(program)
  if (!/^git-[\w-]+$/.test(program) || ownProgram(program) !== undefined) return true
  // Where git keeps its own programs; it puts this first on PATH.
  const asked = await gitAsUser('/', ['--exec-path'], process.env)
  return asked.ok && isProgram(join(asked.value.toString('utf8').trim(), program))
}

/** The user's index and work tree compared with HEAD. Reads with the user's configuration, and writes nothing. */
export async function dirtyPaths(
  { root, gitDir }: Discovered,
  excluding: readonly string[],
  env: Environment,
): Promise<string[] | undefined> {
  const status = await git(
    { gitDir, workTree: root },
    ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--ignore-submodules=dirty'],
    { userConfig: env },
  )
  if (!status.ok) return undefined
  // `XY SP path NUL`. Source: git-status(1), porcelain format version 1.
  const paths = status.value.split('\0').flatMap((entry) => (entry === '' ? [] : [entry.slice(3)]))
  return paths.filter((path) => !excluding.includes(path))
}

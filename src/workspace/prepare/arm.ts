import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CommitId } from '../../domain/brand.js'
import type { Result } from '../../domain/result.js'
import type { Failure } from '../../domain/agent/failure.js'
import { readAtOnce } from '../../platform/files/at-once.js'
import type { Repository } from '../contract.js'
import { alternatesOf, giveStores } from '../stores/filter-stores.js'
import { excludePattern } from '../git-path.js'
import { armSubmodules } from '../submodules/submodule-git.js'
import { formatSettings } from '../git/user-config.js'
import { checkInPlace, givenRefsFile, indexFileOf, onFileSystem, type Workspace } from '../workspace.js'

/** Readable only by its owner, whoever may look into the directory. */
const ownersOnly = { mode: 0o600 } as const

const latin = { ...ownersOnly, encoding: 'latin1' } as const

/** The branch of a workspace that belongs to no attempt yet. */
export const unleasedBranch = 'autopilot/prepared'

/**
 * Writes a fresh `.git` for the agent into the workspace: one branch at the workspace's commit, the user's objects as
 * alternates, the user's content settings and identity; no remote, no hook, no stash, no setting of an earlier
 * attempt. Autopilot's own git never uses it. Starts no process. This is part of preparing, while no slot is held;
 * {@link setBranch} gives it to an attempt.
 */
export async function arm(repository: Repository, workspace: Workspace): Promise<Result<void, Failure>> {
  const inPlace = checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  const gitDir = join(workspace.root, '.git')
  return onFileSystem('Writing the git directory of the workspace', async () => {
    await rm(gitDir, { recursive: true, force: true })
    for (const folder of ['refs/heads', 'refs/tags', 'objects/info', 'objects/pack', 'hooks', 'info']) {
      mkdirSync(join(gitDir, folder), { recursive: true, mode: 0o700 })
    }
    const config = agentConfig(repository, join(gitDir, 'hooks'))
    writeFileSync(join(gitDir, 'objects/info/alternates'), `${alternatesOf(repository)}\n`, ownersOnly)
    writeFileSync(join(gitDir, 'config'), config, ownersOnly)
    writeInfo(repository, workspace, gitDir)
    copyIfThere(indexFileOf(workspace), join(gitDir, 'index'))
    giveRefs(repository, workspace, gitDir)
    await giveStores(repository, gitDir)
    writeBranch(gitDir, unleasedBranch, workspace.commit)
    if (repository.submodules.length > 0) await armSubmodules(repository, workspace, config)
  })
}

/** Names the branch of a workspace that {@link arm} has prepared. */
export async function setBranch(workspace: Workspace, branch: string): Promise<Result<void, Failure>> {
  const inPlace = checkInPlace(workspace)
  if (!inPlace.ok) return inPlace
  return onFileSystem('Naming the branch of the workspace', () => {
    writeBranch(join(workspace.root, '.git'), branch, workspace.commit)
    return Promise.resolve()
  })
}

/**
 * Synchronous: a slot waits for it, and writing two small files takes less time than their turns on a busy event loop.
 */
function writeBranch(gitDir: string, branch: string, commit: CommitId): void {
  const heads = join(gitDir, 'refs/heads')
  rmSync(heads, { recursive: true, force: true })
  const file = join(heads, branch)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${commit}\n`, ownersOnly)
  writeFileSync(join(gitDir, 'HEAD'), `ref: refs/heads/${branch}\n`, ownersOnly)
}

/**
 * The user's tags and remote-tracking branches, for `git describe` and `git merge-base origin/main HEAD`; without the
 * remote itself. A second copy next to the workspace distinguishes them from what the agent's git creates.
 */
function giveRefs({ sharedRefs }: Repository, workspace: Workspace, gitDir: string): void {
  writeFileSync(givenRefsFile(workspace), sharedRefs, latin)
  if (sharedRefs !== '') writeFileSync(join(gitDir, 'packed-refs'), sharedRefs, latin)
}

function agentConfig(
  { objectFormat, carriedConfig, identity, namesHooks, submodules }: Repository,
  hooks: string,
): string {
  const version = objectFormat === 'sha1' ? '0' : '1'
  const own = [
    { key: 'core.repositoryformatversion', value: version },
    ...(objectFormat === 'sha1' ? [] : [{ key: 'extensions.objectformat', value: objectFormat }]),
    { key: 'core.bare', value: 'false' },
    { key: 'core.logallrefupdates', value: 'true' },
    // A garbage collection in the background would still write while autopilot collects.
    { key: 'gc.auto', value: '0' },
    { key: 'maintenance.auto', value: 'false' },
    // Whatever the user's settings, these change what is in a git directory, or leave a daemon running there.
    { key: 'core.splitIndex', value: 'false' },
    { key: 'core.fsmonitor', value: 'false' },
    { key: 'core.untrackedCache', value: 'false' },
    { key: 'index.sparse', value: 'false' },
    // Settings from the user's global configuration would ask for a passphrase, or run hooks from elsewhere.
    { key: 'commit.gpgsign', value: 'false' },
    { key: 'tag.gpgsign', value: 'false' },
    // As `git submodule init` would write it: existing submodules are in use.
    ...(submodules.length > 0 ? [{ key: 'submodule.active', value: '.' }] : []),
    ...(namesHooks ? [{ key: 'core.hookspath', value: hooks }] : []),
    { key: 'user.name', value: identity.name },
    { key: 'user.email', value: identity.email },
  ]
  return formatSettings(own) + carriedConfig
}

function writeInfo(repository: Repository, workspace: Workspace, gitDir: string): void {
  const { trusted } = repository
  const exclude = ownExcludes(repository, workspace)
  writeFileSync(join(gitDir, 'info/exclude'), exclude, latin)
  copyIfThere(join(trusted.gitDir, 'info/attributes'), join(gitDir, 'info/attributes'))
  copyIfThere(join(trusted.gitDir, 'shallow'), join(gitDir, 'shallow'))
}

/** The first rules of a workspace's own `info/exclude`, one UTF-16 unit per byte. */
export function ownExcludes({ trusted }: Repository, { furnished }: Workspace): string {
  const exclude = readAtOnce(join(trusted.gitDir, 'info/exclude'))?.toString('latin1') ?? ''
  return withPatterns(exclude, furnished)
}

/** An exclude file with more paths at its end. */
export function withPatterns(exclude: string, paths: readonly string[]): string {
  const start = exclude === '' || exclude.endsWith('\n') ? exclude : `${exclude}\n`
  return start + paths.map((path) => `${excludePattern(path)}\n`).join('')
}

function copyIfThere(from: string, to: string): void {
  const content = readAtOnce(from)
  if (content) writeFileSync(to, content, ownersOnly)
}

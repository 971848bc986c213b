import type { CommitId } from '../../domain/brand.js'
import { changedInside } from '../submodules/changed-inside.js'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { err, ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import { git } from '../../platform/git/git.js'
import { objectId } from './agent-commits.js'
import type { Repository } from '../contract.js'
import { onDisk, pathText, type GitPath } from '../git-path.js'
import { commitsIn, inspectObjects } from '../stores/import-objects.js'
import { gitlinkMode, type Change } from '../git/index-changes.js'
import { readRefsIn } from './moved-refs.js'
import { gitFileText } from '../submodules/submodule-git.js'
import {
  gitDirOf,
  isRealDirectory,
  submodulePlace,
  type Populated,
  type SubmoduleNotes,
} from '../submodules/submodule-notes.js'
import { readUntrusted } from '../git/untrusted-file.js'
import type { Workspace } from '../workspace.js'
import { gitFailed, notReadable } from '../git/git-failed.js'

const maxNamed = 200

/**
 * Looks at what an agent did to the submodules that have their files, before anything around them is collected. Only a
 * move to another commit can land, and only to one that the agent's source copy has; edits, and commits that exist
 * nowhere else, fail by name. No git runs in an agent's git directory.
 *
 * @returns for each moved submodule, its current commit
 */
export async function readSubmoduleWork(
  repository: Repository,
  workspace: Workspace,
  notes: SubmoduleNotes,
): Promise<Result<ReadonlyMap<GitPath, CommitId>, Failure>> {
  const bumps = new Map<GitPath, CommitId>()
  for (const submodule of notes.populated) {
    const stands = await standsAt(repository, workspace, submodule)
    if (!stands.ok) return stands
    const isMoved = stands.value !== submodule.commit
    // A nested one would be a change in the outer submodule.
    if (isMoved && submodule.parent !== '') return edited(workspace, submodule, [submodule.path])
    const inside = await changedInside(repository, workspace, { ...submodule, commit: stands.value }, notes)
    if (!inside.ok) return inside
    if (inside.value.length > 0) return edited(workspace, submodule, inside.value)
    if (isMoved) bumps.set(submodule.path, stands.value)
  }
  return ok(bumps)
}

/** The HEAD of the agent's git in a submodule. */
async function standsAt(
  repository: Repository,
  workspace: Workspace,
  submodule: Populated,
): Promise<Result<CommitId, Failure>> {
  const gitDir = gitDirOf(submodule)
  if (!(await lstat(join(workspace.root, gitDir)).catch(() => undefined))) return ok(submodule.commit)
  const isOurs =
    (await hasOurGitFile(workspace, submodule)) && (await isRealDirectory(workspace.root, `${gitDir}/objects`))
  if (!isOurs) return replaced(workspace, submodule)
  const path = join(workspace.root, gitDir)
  const refs = readRefsIn(path, objectId(repository), Buffer.from(submodule.store.refs, 'latin1'))
  if (!refs.ok) return unreadable(submodule, refs.error.reason)
  const own = await onlyThere(repository, join(path, 'objects'), submodule)
  if (!own.ok) return own
  if (own.value.length > 0) return commitsOnlyThere(workspace, submodule, own.value)
  const { head } = refs.value
  if (head === undefined) return edited(workspace, submodule, [submodule.path])
  return head === submodule.commit || (await hasCommit(repository, workspace, submodule, head))
    ? ok(head as CommitId)
    : commitsOnlyThere(workspace, submodule, [head])
}

/** An absent one is fine: autopilot moves it away while it collects. */
async function hasOurGitFile(workspace: Workspace, submodule: Populated): Promise<boolean> {
  if (!(await isRealDirectory(workspace.root, submodule.path))) return true
  const file = onDisk(workspace.root, `${submodule.path}/.git`)
  const read = readUntrusted(file.toString('utf8'), 4096)
  return read.ok && (read.value === undefined || read.value.toString('utf8') === gitFileText(workspace, submodule))
}

/** Commits in the agent's store that the copy lacks. */
async function onlyThere(
  { trusted }: Repository,
  objects: string,
  submodule: Populated,
): Promise<Result<readonly CommitId[], Failure>> {
  const { objectsDir } = submodule.store
  const store = await inspectObjects(objects, objectsDir)
  if (!store.ok) return unreadable(submodule, store.error.reason)
  if (store.value === 'empty') return ok([])
  const made = await commitsIn(trusted, objects, objectsDir)
  if (!made.ok)
    return notReadable(`git could not read the agent's work in the submodule ${pathText(submodule.path)}`, made.error)
  if (made.value.length === 0) return ok([])
  const input = `${made.value.join('\n')}\n`
  const asked = await git({ ...trusted, objectDir: objectsDir }, ['cat-file', '--batch-check'], { input })
  if (!asked.ok) return gitFailed(asked.error)
  return ok(
    asked.value.split('\n').flatMap((line) => (line.endsWith(' missing') ? [line.split(' ')[0] as CommitId] : [])),
  )
}

async function hasCommit(
  repository: Repository,
  workspace: Workspace,
  submodule: Populated,
  id: string,
): Promise<boolean> {
  return (await git(submodulePlace(repository, workspace, submodule), ['cat-file', '-e', `${id}^{commit}`])).ok
}

/** Whether changed entries of submodules can land: only if the agent's source copy has the commit. */
export async function checkBumps(
  repository: Repository,
  workspace: Workspace,
  notes: SubmoduleNotes,
  changes: readonly Change[],
): Promise<Result<void, Failure>> {
  for (const change of changes) {
    if (![change.oldMode, change.newMode].includes(gitlinkMode)) continue
    const checked = await checkBump(repository, workspace, notes, change)
    if (!checked.ok) return checked
  }
  return ok(undefined)
}

async function checkBump(
  repository: Repository,
  workspace: Workspace,
  { populated }: SubmoduleNotes,
  { path, oldMode, newMode, newOid }: Change,
): Promise<Result<void, Failure>> {
  const isMove = oldMode === gitlinkMode && newMode === gitlinkMode
  const submodule = populated.find((other) => other.path === path)
  if (isMove && submodule && (await hasCommit(repository, workspace, submodule, newOid))) return ok(undefined)
  if (isMove && submodule) return commitsOnlyThere(workspace, submodule, [newOid])
  const without = isMove
    ? ', and you have no copy of it here to check the commit against: populate it, or bump it yourself'
    : ''
  const what = isMove ? 'moves a submodule' : 'adds, moves or removes a submodule'
  return err(failure('collect', `The workspace ${what}: ${pathText(path)}${without}`, { paths: [pathText(path)] }))
}

function edited({ root }: Workspace, { path }: Populated, changed: readonly GitPath[]) {
  const paths = changed.slice(0, maxNamed).map(pathText)
  const name = pathText(path)
  const what = `Files inside the submodule ${name} were changed, and such changes cannot land here: ${paths.slice(0, 3).join(', ')}.`
  const next = `Make the change in its own repository, then let a task bump it; the agent's work is in ${place(root, name)}.`
  return err(failure('collect', `${what} ${next}`, { paths }))
}

function commitsOnlyThere({ root }: Workspace, { path }: Populated, commits: readonly string[]) {
  const name = pathText(path)
  const short = commits.slice(0, 3).map((commit) => commit.slice(0, 12))
  const what = `The submodule ${name} has commits that your copy lacks: ${short.join(', ')}.`
  const take = `git -C ${name} fetch ${place(root, name)} HEAD`
  const next = `Take them (${take}) and push them from there, or fetch the missing ones; then run again.`
  return err(failure('collect', `${what} ${next}`, { paths: [name] }))
}

function replaced({ root }: Workspace, { path }: Populated) {
  const name = pathText(path)
  const what = `The git directory of the submodule ${name} is not the one that autopilot made.`
  return err(failure('collect', `${what} The agent's work is in ${place(root, name)}.`, { paths: [name] }))
}

function unreadable({ path }: Populated, reason: string) {
  const name = pathText(path)
  return err(
    failure('collect', `The git directory of the submodule ${name} cannot be read: ${reason}.`, { paths: [name] }),
  )
}

function place(root: string, name: string): string {
  return `${cleanLine(root, 300)}/${name}`
}

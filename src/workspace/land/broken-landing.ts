import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommitId, RefName } from '../../domain/brand.js'
import { git } from '../../platform/git/git.js'
import type { Repository } from '../contract.js'
import { treePlace } from '../repository/in-the-way.js'
import { changeRefs } from '../git/sessions.js'

/** What is about to happen to the branch that a person stands on. */
export interface NotedLanding {
  readonly ref: RefName
  readonly from: CommitId
  readonly to: CommitId
}

/**
 * Index and files move before the branch does; a run that is killed in between leaves them ahead of it. So the landing
 * is recorded first, and the next run finishes it.
 */
export async function noteLanding({ commonDir }: Repository, { ref, from, to }: NotedLanding): Promise<void> {
  await writeFile(noteOf(commonDir), `${from} ${to} ${ref}\n`, { mode: 0o600 })
}

export async function forgetLanding({ commonDir }: Pick<Repository, 'commonDir'>): Promise<void> {
  await rm(noteOf(commonDir), { force: true })
}

function noteOf(commonDir: string): string {
  return join(commonDir, 'autopilot', 'landing')
}

/**
 * Finishes a landing that was interrupted by a kill of an earlier run: moves the branch if it is still where it was,
 * the user is still on it, and the index is what was landing. What is recorded had been judged. Says whether HEAD
 * moved.
 */
export async function finishLanding(repository: Repository): Promise<boolean> {
  const landing = await readNote(repository.commonDir)
  if (!landing) return false
  const { ref, from, to } = landing
  const { branch, commit } = repository.head
  const isHere = branch !== undefined && ref === `refs/heads/${branch}` && commit === from
  const moved = isHere && (await isIndexAt(repository, from, to))
  const done = moved ? await changeRefs(repository, [`update ${ref} ${to} ${from}`]) : undefined
  if (!moved || done?.ok) await forgetLanding(repository)
  return done?.ok === true
}

/** What differs between the two commits is in the index as the second has it. */
async function isIndexAt(repository: Repository, from: CommitId, to: CommitId): Promise<boolean> {
  const place = treePlace(repository)
  const args = ['--name-only', '--no-renames', '-z']
  const planned = await git(place, ['diff-tree', '-r', ...args, from, to])
  const missing = await git(place, ['diff-index', '--cached', ...args, to])
  if (!planned.ok || !missing.ok) return false
  const differing = new Set(missing.value.split('\0').filter((path) => path !== ''))
  return planned.value.split('\0').every((path) => !differing.has(path))
}

async function readNote(commonDir: string): Promise<NotedLanding | undefined> {
  const text = await readFile(noteOf(commonDir), 'utf8').catch(() => '')
  const [, from, to, ref] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/heads\/\S+)\n$/.exec(text) ?? []
  if (from === undefined || to === undefined || ref === undefined) return undefined
  return { ref: ref as RefName, from: from as CommitId, to: to as CommitId }
}

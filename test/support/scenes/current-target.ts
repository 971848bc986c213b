import { expect } from 'vitest'
import { commitId, runId } from '../brands.js'
import type { Repository, Target } from '../../../src/workspace/contract.js'
import { moveTarget } from '../../../src/workspace/land/move-target.js'
import { openCurrent } from '../../../src/workspace/land/open-current.js'
import type { GitRepo } from './git-repo.js'
import { openRepo } from './repositories.js'

/** The branch that a person stands on, opened as the target of a run. */
export interface CurrentTarget {
  readonly repository: Repository
  readonly target: Target
  /** How often it waited for a lock. */
  readonly pauses: () => number
  readonly move: (commit: string) => ReturnType<typeof moveTarget>
  /** Moves it, which must succeed. */
  readonly land: (commit: string) => Promise<void>
  /** Moves it, which must be refused; returns the message and the paths. */
  readonly refused: (commit: string) => Promise<{ readonly message: string; readonly paths: readonly string[] }>
}

export interface CurrentTargetOptions {
  /** The work tree that the person is in; default the repository's own. */
  readonly dir?: string
  readonly leaveOut?: readonly string[]
  readonly onPause?: () => void
}

/** `onPause` is what happens while it waits for a lock; nothing else happens, and no time passes. */
export async function currentTarget(
  repo: GitRepo,
  { dir = repo.dir, leaveOut = [], onPause }: CurrentTargetOptions = {},
): Promise<CurrentTarget> {
  const repository = await openRepo(repo, dir)
  let pauses = 0
  const pause = () => {
    pauses++
    onPause?.()
    return Promise.resolve()
  }
  const opened = await openCurrent(repository, { runId: runId('r1'), leaveOut, pause })
  if (!opened.ok) throw new Error(`${opened.error.code}: ${opened.error.message}`)
  const target = opened.value
  const move = (commit: string) => moveTarget(repository, target, commitId(commit))
  return {
    repository,
    target,
    pauses: () => pauses,
    move,
    land: async (commit) => expect(await move(commit)).toEqual({ ok: true, value: { type: 'moved' } }),
    refused: async (commit) => {
      const moved = await move(commit)
      if (moved.ok) throw new Error(moved.value.type)
      expect(moved.error.kind).toBe('target')
      return { message: moved.error.message, paths: moved.error.paths ?? [] }
    },
  }
}

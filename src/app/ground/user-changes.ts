import type { TaskId } from '../../domain/brand.js'
import type { RunEvent } from '../../domain/run/event.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { Repository, Target } from '../../workspace/contract.js'
import { changedFiles } from '../../workspace/repository/changed-files.js'
import type { UserWatch } from '../../workspace/repository/user-watch.js'

export interface UserChangesParts {
  readonly repository: Repository
  readonly target: Target
  readonly watch: UserWatch
  readonly recorder: Recorder
  /** Paths that autopilot itself changes: the roadmap. */
  readonly leaveOut: readonly string[]
  /** Files that differed from HEAD when the run began; undefined when git could not tell. */
  readonly changedBefore: readonly string[] | undefined
}

/** Reports changes that somebody made in the user's repository during the run; autopilot never makes such changes. */
export interface UserChanges {
  /** To be called when an agent has ended. */
  readonly afterAgent: (taskId: TaskId) => Promise<void>
  /** To be called at the end: looks at the files, too. */
  readonly atEnd: () => Promise<void>
}

export function reportUserChanges(parts: UserChangesParts): UserChanges {
  const { repository, target, watch, recorder, leaveOut, changedBefore } = parts
  const record = (event: RunEvent) => void recorder.record(event)
  // Whoever moved it: work lands on top of what is there, and that is said.
  target.onOvertaken = ({ from, to }) => record({ type: 'target_overtaken', branch: target.branch, from, to })
  const look = async (taskIds: readonly TaskId[]) => {
    const during = [...new Set(taskIds)]
    for (const { kind, ...change } of await watch.look())
      record({ type: 'repository_changed', what: kind, ...change, during })
  }
  return {
    afterAgent: (taskId) => look([taskId, ...atWork(recorder)]),
    async atEnd() {
      await look([])
      // Always the same commit, so that what a person has committed meanwhile is still a change.
      const now = await changedFiles(repository, target.current ? target.tip : repository.head.commit)
      if (!changedBefore || !now) return
      const [fresh, gone] = [
        without(now, [...changedBefore, ...leaveOut]),
        without(changedBefore, [...now, ...leaveOut]),
      ]
      if (fresh.length > 0) record({ type: 'files_changed', how: 'changed', paths: fresh })
      if (gone.length > 0) record({ type: 'files_changed', how: 'restored', paths: gone })
    },
  }
}

function without(paths: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others)
  return paths.filter((path) => !known.has(path))
}

function atWork({ state }: Recorder): readonly TaskId[] {
  return [...state.slots.values()].flatMap(({ work }) => (work ? [work.taskId] : []))
}

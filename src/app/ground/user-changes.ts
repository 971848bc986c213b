import { cleanLine, listFirst } from '../../domain/text.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { Repository, Target } from '../../workspace/contract.js'
import { changedFiles } from '../../workspace/repository/changed-files.js'
import type { UserChange, UserWatch } from '../../workspace/repository/user-watch.js'

export interface UserChangesParts {
  readonly repository: Repository
  readonly target: Target
  readonly watch: UserWatch
  readonly recorder: Recorder
  /** Paths that autopilot itself changes: the roadmap. */
  readonly leaveOut: readonly string[]
  /** Files that differed from HEAD when the run began; undefined when git could not tell. */
  readonly before: readonly string[] | undefined
}

/** Says what somebody has changed in the user's repository while the run was at work, which autopilot never does. */
export interface UserChanges {
  /** To be called when an agent has ended. */
  readonly afterAgent: (taskId: string) => Promise<void>
  /** To be called at the end: looks at the files, too. */
  readonly atEnd: () => Promise<void>
}

export function reportUserChanges(parts: UserChangesParts): UserChanges {
  const { repository, target, watch, recorder, leaveOut, before } = parts
  const say = (level: 'info' | 'warning', text: string) => void recorder.record({ type: 'notice', level, text })
  // Whoever moved it: work lands on top of what is there, and that is said.
  target.onOvertaken = ({ from, to }) => {
    say('warning', `${target.branch} was moved by somebody else: ${moved(from, to)}. Work lands on top of that.`)
  }
  const look = async (taskIds: readonly string[]) => {
    const names = [...new Set(taskIds)].slice(0, 5).map((id) => cleanLine(id, 60))
    const when = names.length > 0 ? ` while ${names.join(', ')} ${names.length === 1 ? 'was' : 'were'} at work` : ''
    for (const change of await watch.look()) say('warning', `${describe(change)}${when}: by you, or by an agent`)
  }
  return {
    afterAgent: (taskId) => look([taskId, ...atWork(recorder)]),
    async atEnd() {
      await look([])
      // Always the same commit, so that what a person has committed meanwhile is still a change.
      const now = await changedFiles(repository, target.current ? target.tip : repository.head.commit)
      if (!before || !now) return
      const [fresh, gone] = [without(now, [...before, ...leaveOut]), without(before, [...now, ...leaveOut])]
      if (fresh.length > 0) say('info', `changed in your files during the run, by you or by an agent: ${list(fresh)}`)
      if (gone.length > 0) say('warning', `no longer changed in your files, by you or by an agent: ${list(gone)}`)
    },
  }
}

function without(paths: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others)
  return paths.filter((path) => !known.has(path))
}

function atWork({ state }: Recorder): readonly string[] {
  return [...state.slots.values()].flatMap(({ work }) => (work ? [work.taskId] : []))
}

function describe({ kind, name, from, to }: UserChange): string {
  const shown = cleanLine(name, 100)
  switch (kind) {
    case 'branch':
      if (from === undefined) return `your branch ${shown} was made`
      if (to === undefined)
        return `your branch ${shown} was deleted (git branch ${shown} ${short(from)} brings it back)`
      return `your branch ${shown} was moved: ${moved(from, to)}`
    case 'tag':
      return `your tag ${shown} was made`
    case 'head':
      return `HEAD of your repository now says ${cleanLine(to ?? '', 100) || 'nothing'} instead of ${cleanLine(from ?? '', 100) || 'nothing'}`
    case 'config':
      return `.git/${shown} of your repository was changed, which can make your git start programs`
    case 'hooks':
      return 'the hooks of your repository were changed, which your git starts'
  }
}

function moved(from: string, to: string): string {
  return `git log ${short(from)}..${short(to)} shows what came, git log ${short(to)}..${short(from)} what went`
}

function short(commit: string): string {
  return commit.slice(0, 10)
}

function list(paths: readonly string[]): string {
  return listFirst(paths, 5, (path) => cleanLine(path, 100))
}

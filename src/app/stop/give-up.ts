import { workOf } from '../../domain/attempt/course.js'
import type { RunState } from '../../domain/run/run-state.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { WriteBack } from '../../orchestration/run/write-back.js'

/**
 * Something hangs that was told to end. What agents have made and nobody has collected is still in their workspaces: each is
 * named, with its task.
 */
export function giveUp(recorder: Recorder, writeBack: WriteBack): void {
  const uncollected = uncollectedOf(recorder.state)
  void recorder.record({ type: 'run_given_up', taskIds: uncollected.map(({ taskId }) => taskId) })
  for (const { path, taskId } of uncollected) {
    const why = `${taskId}: not collected when the run ended early; autopilot resume continues from it`
    void recorder.record({ type: 'workspace_kept', path, why, collectsAgain: true })
  }
  writeBack.giveUp()
}

/** Attempts whose last turn has left nothing but what is in its workspace. In place there is none. */
function uncollectedOf({ tasks, progress }: RunState) {
  return [...tasks.values()].flatMap(({ id: taskId, state }) => {
    const course = progress.get(taskId)?.course
    if (!course || (state.type !== 'running' && state.type !== 'merging')) return []
    const isInPlace = course.base === undefined || course.workspace === ''
    return isInPlace || workOf(course) !== undefined ? [] : [{ taskId, path: course.workspace }]
  })
}

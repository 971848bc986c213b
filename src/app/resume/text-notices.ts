import type { TaskId } from '../../domain/brand.js'
import { listFirst } from '../../domain/text.js'
import { isReworded, type Resumption } from '../../domain/run/reconcile.js'
import { showId } from '../../ui/format.js'
import type { KnownTask, LandedTasks } from './landed.js'
import type { Resumed } from './resumed.js'
import type { PlannedTask } from '../../domain/roadmap/plan.js'

const maxNamed = 5

/** What the target says about tasks that the file calls pending: work that is unexpectedly done, or not done. */
export function landedLines(
  { landed, byId, reworded }: Pick<LandedTasks, 'landed' | 'byId' | 'reworded'>,
  branch: string,
): readonly string[] {
  const recorded = landed.filter(({ commit }) => commit === undefined)
  const onTarget = landed.filter(({ commit }) => commit !== undefined)
  return [
    ...line(
      onTarget,
      (named) =>
        `on ${branch} already, so these tasks count as done and are marked done in the roadmap: ${named}; ` +
        `to do them again: ${redo(onTarget)}`,
    ),
    ...line(
      recorded,
      (named) =>
        `done before without a change, so these tasks count as done and are marked done in the roadmap: ${named}`,
    ),
    ...line(
      byId,
      (named) =>
        `known only by id, because the commit is from a version that did not record the text of tasks: ${named}; ` +
        'if one is a different task now, give it a new id',
    ),
    ...line(reworded, (named) => `these tasks run, because work for another text has landed under their ids: ${named}`),
  ]
}

/** Tasks that run although HEAD has a commit of them: reported before they cost anything. */
export function inHeadLines(tasks: readonly KnownTask[]): readonly string[] {
  return line(
    tasks,
    (named) =>
      `HEAD already has the work of these tasks, but the roadmap does not say done, so they run again: ${named}; ` +
      `set them to done if you don't want that; ${redo(tasks)} confirms it`,
  )
}

/** Tasks marked done whose work is nowhere. */
export function goneLines(tasks: readonly KnownTask[], branch: string): readonly string[] {
  return line(
    tasks,
    (named) =>
      `done in the roadmap, but the commit that a run recorded is neither on ${branch} nor in HEAD, or was reverted, and ` +
      `dependents start without it: ${named}; merge that commit while git has it, or do the task again: ${redo(tasks)}; ` +
      'if you have squashed or rebased it, nothing is missing',
  )
}

function redo(tasks: readonly KnownTask[]): string {
  const more = tasks.length > maxNamed ? ',…' : ''
  return `--redo ${tasks
    .slice(0, maxNamed)
    .map(({ id }) => showId(id))
    .join(',')}${more}`
}

/** What changed in the texts of a run's tasks since it stopped, and which of its records are no longer true. */
export function textNotices(
  { replayed: { state }, resumptions }: Resumed,
  { plan, reworded }: Pick<LandedTasks, 'plan' | 'reworded'>,
): readonly string[] {
  const told = new Set(reworded.map(({ id }) => id))
  const those = (fits: (resumption: Resumption, id: TaskId) => boolean) =>
    [...resumptions].flatMap(([id, resumption]) => (fits(resumption, id) ? [{ id }] : []))
  const continued = those((resumption) => resumption.type === 'continue' && isReworded(resumption))
  const restarted = those(
    (resumption, id) => resumption.type === 'start' && resumption.reworded === true && !told.has(id),
  )
  const unknown = those((resumption) => resumption.type === 'continue' && resumption.course.texts.length === 0)
  return [
    ...line(continued, (named) => `the text has changed; the agent learns that in its conversation: ${named}`),
    ...line(
      restarted,
      (named) => `the text has changed; these tasks start over, and the work for the old text is kept: ${named}`,
    ),
    ...line(
      unknown,
      (named) =>
        `started by a version that did not record the text of tasks, so autopilot can't tell whether the text has changed: ${named}`,
    ),
    ...line(
      missingWork(state, plan.tasks, resumptions),
      (named) =>
        `done according to the run's journal, but the commit is neither on the target nor in HEAD, or was reverted there, so these tasks run again: ${named}`,
    ),
  ]
}

function missingWork(
  { tasks }: Resumed['replayed']['state'],
  planned: readonly PlannedTask[],
  resumptions: Resumed['resumptions'],
): readonly KnownTask[] {
  return planned.flatMap(({ id, state: plan }) => {
    const known = tasks.get(id)?.state
    const how = resumptions.get(id)
    const isGone = plan !== 'done' && known?.type === 'done' && known.commit !== undefined
    return isGone && how?.type === 'start' && how.reworded !== true ? [{ id, commit: known.commit ?? '' }] : []
  })
}

function line(tasks: readonly KnownTask[], say: (named: string) => string): readonly string[] {
  if (tasks.length === 0) return []
  return [say(listFirst(tasks, maxNamed, withCommit))]
}

function withCommit({ id, commit }: KnownTask): string {
  return commit === undefined ? showId(id) : `${showId(id)} (${commit.slice(0, 10)})`
}

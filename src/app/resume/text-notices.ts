import { listFirst } from '../../domain/text.js'
import { isReworded, type Resumption } from '../../domain/run/reconcile.js'
import { showId } from '../../ui/format.js'
import type { KnownTask, Landed } from './landed.js'
import type { Resumed } from './resumed.js'
import type { PlannedTask } from '../../domain/roadmap/plan.js'

const mostNamed = 5

/** What the target says about tasks that the file calls pending: work that nobody would expect to find done, or not done. */
export function landedLines(
  { landed, byId, reworded }: Pick<Landed, 'landed' | 'byId' | 'reworded'>,
  branch: string,
): readonly string[] {
  const recorded = landed.filter(({ commit }) => commit === undefined)
  const onTarget = landed.filter(({ commit }) => commit !== undefined)
  return [
    ...line(
      onTarget,
      (named) =>
        `on ${branch} already, so counted as done and written into the roadmap: ${named}; ` +
        `to do it again: ${redo(onTarget)}`,
    ),
    ...line(
      recorded,
      (named) => `done before without a change, so counted as done and written into the roadmap: ${named}`,
    ),
    ...line(
      byId,
      (named) =>
        `known by the id alone, as the commit is from a version that did not record what a task said: ${named}; ` +
        'if it is another task now, give it another id',
    ),
    ...line(
      reworded,
      (named) => `another text under an id of which work has landed is another task, and runs: ${named}`,
    ),
  ]
}

/** Tasks that run though HEAD has a commit of them: said before it costs anything. */
export function inHeadLines(tasks: readonly KnownTask[]): readonly string[] {
  return line(
    tasks,
    (named) =>
      `HEAD has the work already, but the roadmap does not call it done, so it runs again: ${named}; ` +
      `set it to done where that is not meant; ${redo(tasks)} says that it is`,
  )
}

/** Tasks that are called done, of which no work is there. */
export function goneLines(tasks: readonly KnownTask[], branch: string): readonly string[] {
  return line(
    tasks,
    (named) =>
      `called done, but the commit that a run recorded is neither on ${branch} nor in HEAD, or was reverted, and what ` +
      `depends on it begins without it: ${named}; merge that commit while git has it, or do it again: ${redo(tasks)}; ` +
      'where you have squashed or rebased it, nothing is missing',
  )
}

function redo(tasks: readonly KnownTask[]): string {
  const more = tasks.length > mostNamed ? ',…' : ''
  return `--redo ${tasks
    .slice(0, mostNamed)
    .map(({ id }) => showId(id))
    .join(',')}${more}`
}

/** What changed in the texts of a run's tasks since it was stopped, and what of its record is not so any more. */
export function textNotices(
  { replayed: { state }, resumptions }: Resumed,
  { plan, reworded }: Pick<Landed, 'plan' | 'reworded'>,
): readonly string[] {
  const told = new Set(reworded.map(({ id }) => id))
  const those = (fits: (one: Resumption, id: string) => boolean) =>
    [...resumptions].flatMap(([id, one]) => (fits(one, id) ? [{ id }] : []))
  const goesOn = those((one) => one.type === 'go_on' && isReworded(one))
  const anew = those((one, id) => one.type === 'start' && one.reworded === true && !told.has(id))
  const unknown = those((one) => one.type === 'go_on' && one.course.texts.length === 0)
  return [
    ...line(goesOn, (named) => `the text has changed since; the agent is told in its conversation: ${named}`),
    ...line(
      anew,
      (named) => `the text has changed since; begun afresh, and what was made for the old text is kept: ${named}`,
    ),
    ...line(
      unknown,
      (named) =>
        `begun by a version that did not record what a task said, so whether the text has changed since is not known: ${named}`,
    ),
    ...line(
      goneOf(state, plan.tasks, resumptions),
      (named) =>
        `done by the run's record, but its commit is neither on the target nor in HEAD, or was reverted there, so it runs again: ${named}`,
    ),
  ]
}

function goneOf(
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
  return [say(listFirst(tasks, mostNamed, withCommit))]
}

function withCommit({ id, commit }: KnownTask): string {
  return commit === undefined ? showId(id) : `${showId(id)} (${commit.slice(0, 10)})`
}

import type { CommitId, TaskId } from '../../brand.js'
import { failureShape } from '../../agent/failure.js'
import { spawnedProcessFields } from '../../process/stray.js'
import { providerModelShape } from '../../agent/provider-model.js'
import { problemFields } from '../../roadmap/problem.js'
import { as, mark, name, names, number, oneOf, optional, text, texts, variant } from '../../shape/shape.js'
import { ofAttempt } from './of-attempt.js'

const failure = as(failureShape, 'Why.')
const from = optional(text('What it was before; absent if it did not exist, and for `config` and `hooks`.'))
const to = optional(text('What it is now; absent if it is gone, and for `config` and `hooks`.'))

/**
 * What a person should know, and a program may. The run would continue in the same way without them: its state takes
 * nothing from these events, so the folds skip all of them.
 */
export const toldEvents = {
  notice: variant('Something about the run as a whole, recorded once.', {
    level: oneOf(['info', 'warning']),
    text: text('The words.'),
  }),
  roadmap_warned: variant('Something is odd about the roadmap, but it can run.', problemFields),
  roadmap_write_failed: variant(
    'A status could not be written into the roadmap. autopilot tries again.',
    problemFields,
  ),
  conversation_lost: variant('The CLI no longer knows a conversation that should continue. A new one takes over.', {
    ...ofAttempt,
    goesOn: oneOf(
      ['attempt', 'repair', 'finish'],
      'What the new one continues: the work, a repair round, or what was left unfinished.',
    ),
    round: optional(number('The repair round.')),
  }),
  work_not_taken_over: variant('An attempt starts over, because the work of the one before could not be taken over.', {
    taskId: name<TaskId>('The task.'),
    from: number('The attempt whose work it is.'),
    failure,
  }),
  work_not_collected: variant('The work that an attempt had left could not be collected.', { ...ofAttempt, failure }),
  repair_forgone: variant('There is no repair round, because the workspace could not be brought up to date.', {
    ...ofAttempt,
    failure,
  }),
  review_unanswered: variant('A reviewer gave no answer; it is asked again, or another one is.', {
    ...ofAttempt,
    gate: text('The name of the review.'),
    agent: as(providerModelShape, 'The reviewer.'),
    failure,
  }),
  changes_left_out: variant('Changes of an agent do not land.', {
    ...ofAttempt,
    reason: oneOf(
      ['off_limits', 'hidden'],
      '`off_limits`: they would configure later runs and agents. `hidden`: the agent hid them from git in `.git/info/exclude`.',
    ),
    paths: texts('Where.'),
  }),
  changes_without_effect: variant('Changes of an agent land, but this run uses the content from its start.', {
    ...ofAttempt,
    paths: texts('Where.'),
  }),
  gate_wavered: variant('A gate failed and then passed on the same tree. The second verdict counts.', {
    gate: text('Its name.'),
    fresh: mark('It passed in a place with a new setup, so the kept files may be stale.'),
  }),
  cost_unknown: variant('A budget cannot count what an agent used.', {
    provider: name('Whose agent.'),
    taskId: name<TaskId>('The task that it worked on.'),
    measure: oneOf(['usd', 'tokens'], 'What its CLI did not report.'),
  }),
  version_differs: variant('A CLI has another version where agents work than at the start.', {
    provider: name('Which CLI.'),
    here: optional(text('Its version at the start.')),
    there: optional(text('Its version where agents work.')),
  }),
  worker_started: variant('A worker process was started.', {
    slot: name('The slot whose agents it runs.'),
    ...spawnedProcessFields,
  }),
  worker_replaced: variant('A worker process is gone, and another takes its place.', {
    slot: name('Its slot.'),
    why: text('Why, in a few words.'),
  }),
  disk_filled: variant('The disk with the workspaces is full. Nothing starts until there is space again.', {
    directory: name('A directory on that disk.'),
  }),
  disk_freed: variant('There is space again.', { directory: name('As of `disk_filled`.') }),
  workspaces_exhausted: variant('No workspace can be prepared any more.', { failure }),
  target_overtaken: variant('Somebody else moved the target. Work now lands on top of that.', {
    branch: name('The target.'),
    from: name<CommitId>('Its tip before.'),
    to: name<CommitId>('Its tip now.'),
  }),
  repository_changed: variant("Something in the user's repository was changed, by the user or by an agent.", {
    what: oneOf(['branch', 'tag', 'head', 'config', 'hooks']),
    name: text('The branch, tag or file.'),
    from,
    to,
    during: names<TaskId>('Tasks whose agents were running.'),
  }),
  files_changed: variant("The user's files have changed since the run began: the user did it, or an agent.", {
    how: oneOf(['changed', 'restored'], '`restored`: no longer changed.'),
    paths: texts('Which files.'),
  }),
  hang_up_ignored: variant('SIGHUP is ignored, because the run has no terminal.', {}),
  run_given_up: variant('Something hangs although it was told to end; the run ends without waiting for it.', {
    taskIds: names<TaskId>('Tasks whose work is still in workspaces.'),
  }),
  reporter_failed: variant('autopilot failed to show the run and stops showing it. The run continues.', {
    why: text('What failed.'),
  }),
}

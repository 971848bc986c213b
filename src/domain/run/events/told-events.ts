import { failureShape } from '../../agent/failure.js'
import { providerModelShape } from '../../agent/provider-model.js'
import { problemFields } from '../../roadmap/problem.js'
import { as, mark, name, names, number, oneOf, optional, text, texts, variant } from '../../shape/shape.js'
import { ofAttempt } from './of-attempt.js'

const failure = as(failureShape, 'Why.')
const from = optional(text('What it was before; absent where it was not there, and for `config` and `hooks`.'))
const to = optional(text('What it is now; absent where it is gone, and for `config` and `hooks`.'))

/**
 * What a person should know, and a program may. The run would continue in the same way without them: its state takes
 * nothing from these events, so the folds skip all of them.
 */
export const toldEvents = {
  notice: variant('Something about the run as a whole, said once.', {
    level: oneOf(['info', 'warning']),
    text: text('The words.'),
  }),
  roadmap_warned: variant('Something is odd about the roadmap, though it can be run.', problemFields),
  roadmap_write_failed: variant('A status could not be written into the roadmap. It is tried again.', problemFields),
  conversation_lost: variant('The CLI does not know a conversation any more that was to go on. Another one goes on.', {
    ...ofAttempt,
    goesOn: oneOf(
      ['attempt', 'repair', 'finish'],
      'With the work, with a repair round, or with what was left unfinished.',
    ),
    round: optional(number('The repair round.')),
  }),
  work_not_taken_over: variant('An attempt begins afresh, as it could not begin with the work of the one before.', {
    taskId: name('The task.'),
    from: number('The attempt whose work it is.'),
    failure,
  }),
  work_not_collected: variant('What an attempt had left could not be collected.', { ...ofAttempt, failure }),
  repair_forgone: variant('There is no repair round, as the workspace could not be brought up to date.', {
    ...ofAttempt,
    failure,
  }),
  review_unanswered: variant('A reviewer gave no answer; it is asked again, or another one.', {
    ...ofAttempt,
    gate: text('The name of the review.'),
    agent: as(providerModelShape, 'The reviewer.'),
    failure,
  }),
  changes_left_out: variant('Changes of an agent do not land.', {
    ...ofAttempt,
    reason: oneOf(
      ['off_limits', 'hidden'],
      '`off_limits`: they would configure later runs and agents. `hidden`: the agent hid them from git by `.git/info/exclude`.',
    ),
    paths: texts('Where.'),
  }),
  changes_without_effect: variant('Changes of an agent land, but this run uses what stood there at the start.', {
    ...ofAttempt,
    paths: texts('Where.'),
  }),
  gate_wavered: variant('A gate failed and then passed on the same tree. The second verdict counts.', {
    gate: text('Its name.'),
    fresh: mark('It passed in a place that was set up anew, so what is kept may be stale.'),
  }),
  cost_unknown: variant('A budget cannot count what an agent used.', {
    provider: name('Whose agent.'),
    taskId: name('The task that it worked on.'),
    measure: oneOf(['usd', 'tokens'], 'What its CLI did not tell.'),
  }),
  version_differs: variant('A CLI is another version where agents work than it was at the start.', {
    provider: name('Which CLI.'),
    here: optional(text('Its version at the start.')),
    there: optional(text('Its version where agents work.')),
  }),
  disk_filled: variant('No space is left where workspaces lie. Nothing starts until there is some.', {
    directory: name('A directory on that disk.'),
  }),
  disk_freed: variant('There is space again.', { directory: name('As of `disk_filled`.') }),
  workspaces_exhausted: variant('No workspace can be prepared any more.', { failure }),
  target_overtaken: variant('Somebody else moved the target. Work lands on top of that.', {
    branch: name('The target.'),
    from: name('The commit where it stood.'),
    to: name('The commit where it stands.'),
  }),
  repository_changed: variant("Something in the user's repository was changed, by the user or by an agent.", {
    what: oneOf(['branch', 'tag', 'head', 'config', 'hooks']),
    name: text('The branch, tag or file.'),
    from,
    to,
    during: names('Tasks whose agents were at work.'),
  }),
  files_changed: variant("The user's files are not as they were when the run began, by the user or by an agent.", {
    how: oneOf(['changed', 'restored'], '`restored`: no longer changed.'),
    paths: texts('Which files.'),
  }),
  hang_up_ignored: variant('SIGHUP came to a run that has no terminal, and is ignored.', {}),
  run_given_up: variant('Something hangs that was told to end, and is not waited for.', {
    taskIds: names('Tasks whose work is left in workspaces.'),
  }),
  reporter_failed: variant('Autopilot failed to show the run, and shows it no more. The run goes on.', {
    why: text('What failed.'),
  }),
}

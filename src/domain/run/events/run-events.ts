import { runBudgetsShape } from '../../accounts/budget.js'
import { plannedTaskShape } from '../../roadmap/plan.js'
import {
  flag,
  list,
  moment,
  name,
  names,
  number,
  object,
  oneOf,
  optional,
  own,
  text,
  titled,
  variant,
  type ValueOf,
} from '../../shape/shape.js'
import { earlyStopFields } from '../early-stop.js'
import { exitCodes } from '../exit-code.js'

/** The branch that work arrives at. */
export const targetShape = titled(
  'target',
  object({
    branch: name('Its name.'),
    base: name('The commit it stood at.'),
    current: optional(flag('It is the branch that the user is on, whose files move with it.')),
    isAmbiguous: own(optional(flag('There is a tag of that name, which git takes first.'))),
  }),
)
export type TargetFacts = ValueOf<typeof targetShape>

/** Which tasks a run was asked for; see `Selection` of the plan. */
const selectedShape = object({
  only: optional(names('Tasks and groups, by id.')),
  limit: optional(number('The first so many that would start.')),
})
export type Selected = ValueOf<typeof selectedShape>

const permissions = oneOf(['edit', 'full'], 'What agents may do without being asked.')
const maxAttempts = number('The most attempts of a task.')
const slots = names('The agent slots.')
const version = text('Of autopilot.')

export const runEvents = {
  run_started: variant('A run began. Always the first line.', {
    runId: name('By which `status` and `resume` know it.'),
    version,
    roadmap: name('The file, as it was named.'),
    roadmapPath: optional(name('Its absolute path.')),
    repository: name('Absolute path of the repository, or of the directory without isolation.'),
    isolation: oneOf(['workspace', 'none'], 'Where agents work.'),
    target: optional(targetShape, 'The branch that work arrives at. Absent without isolation.'),
    permissions,
    maxAttempts,
    budgets: optional(runBudgetsShape, 'What may be spent.'),
    slots,
    tasks: list(plannedTaskShape, 'The tasks it is about, in file order.'),
    selection: optional(selectedShape, 'What was asked for, where it was not the whole roadmap.'),
    redo: optional(names('Tasks that the run does again, though they have landed before it.')),
  }),
  run_resumed: variant(
    "A run that had stopped goes on, with the settings and the roadmap of this moment. A task that it does not name is not the run's any more.",
    {
      version,
      target: optional(targetShape, 'The branch that work arrives at. Absent without isolation.'),
      permissions,
      maxAttempts,
      budgets: optional(runBudgetsShape, 'What may be spent.'),
      slots,
      tasks: list(plannedTaskShape, 'The tasks. What has failed for good, and stays so, is `pending` here.'),
      failed: names('Tasks that have failed for good and stay so.'),
      retried: names('Failed tasks of which the attempts are counted anew.'),
    },
  ),
  queue_updated: variant('The counts of the pool changed.', {
    queueLength: number('How many wait for a slot.'),
    busyAgents: number('How many slots are in use.'),
    availableAgents: number('How many are free.'),
  }),
  run_waiting: variant('All accounts rest that what waits may use, and nothing is at work.', {
    until: moment('Until then nothing can start, epoch ms.'),
    providers: names('Whose accounts.'),
  }),
  run_stopping: variant('Nothing starts any more; what runs may finish. Said once.', earlyStopFields),
  run_canceling: variant('What runs is ended.', { why: text('Such as the name of a signal.') }),
  run_finished: variant('The run ended. The last line, unless the run is resumed.', {
    exitCode: oneOf(Object.values(exitCodes), 'The exit code of autopilot.'),
    why: text('The same in a few words.'),
  }),
}

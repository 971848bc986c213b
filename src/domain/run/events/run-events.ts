import { permissionModes } from '../../agent/permissions.js'
import { providerChoiceShape } from '../../agent/provider-model.js'
import type { CommitId, RunId, TaskId } from '../../brand.js'
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
  texts,
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
    base: name<CommitId>('Its tip.'),
    current: optional(flag('It is the branch that the user is on; their files move with it.')),
    isAmbiguous: own(optional(flag('There is a tag with that name, and git prefers the tag.'))),
  }),
)
export type TargetFacts = ValueOf<typeof targetShape>

/** Which tasks a run was asked for; see `Selection` of the plan. */
const selectedShape = object({
  only: optional(names('Tasks and groups, by id.')),
  limit: optional(number('The number of tasks that may start.')),
})
export type Selected = ValueOf<typeof selectedShape>

const permissions = oneOf(permissionModes, 'What agents may do.')
const maxAttempts = number('Most attempts per task.')
const slots = names('The agent slots.')
const version = text('Of autopilot.')
const gates = optional(
  texts(
    'What the work of every task must pass, in order: the names of gates and reviews. Older versions left this out.',
  ),
)

export const runEvents = {
  run_started: variant('A run began. Always the first line.', {
    runId: name<RunId>('Its id for `status` and `resume`.'),
    version,
    roadmap: name('The file, as the user named it.'),
    roadmapPath: optional(name('Its absolute path.')),
    repository: name('Absolute path of the repository, or of the directory without isolation.'),
    isolation: oneOf(['workspace', 'none'], 'Where agents work.'),
    target: optional(targetShape, 'The branch where work lands. Absent without isolation.'),
    permissions,
    maxAttempts,
    budgets: optional(runBudgetsShape, 'What may be spent.'),
    providers: optional(
      list(providerChoiceShape),
      'The providers that the command line or the environment chose, by preference. Absent if neither did.',
    ),
    slots,
    gates,
    tasks: list(plannedTaskShape, 'Its tasks, in file order.'),
    selection: optional(selectedShape, 'The requested selection, if it was not the whole roadmap.'),
    redo: optional(names<TaskId>('Tasks that the run does again, although they have landed.')),
  }),
  run_resumed: variant(
    'A stopped run continues, with the current settings and roadmap. A task that it does not name is no longer part of the run.',
    {
      version,
      target: optional(targetShape, 'The branch where work lands. Absent without isolation.'),
      permissions,
      maxAttempts,
      budgets: optional(runBudgetsShape, 'What may be spent.'),
      slots,
      gates,
      tasks: list(plannedTaskShape, 'The tasks. One that has failed for good, and stays so, is `pending` here.'),
      failed: names<TaskId>('Tasks that have failed for good and stay so.'),
      retried: names<TaskId>('Failed tasks whose attempts are counted from 0 again.'),
      only: optional(names<TaskId>('The tasks that are worked on (`resume --only`). Absent if all are.')),
    },
  ),
  queue_updated: variant('The counts of the pool changed.', {
    queueLength: number('How many wait for a slot.'),
    busyAgents: number('How many slots are in use.'),
    availableAgents: number('How many are free.'),
  }),
  run_waiting: variant('Nothing is running, and every account that waiting tasks may use cools down.', {
    until: moment('Until then nothing can start, epoch ms.'),
    providers: names('Whose accounts.'),
  }),
  run_stopping: variant('Nothing starts any more; running agents may finish. Recorded once.', earlyStopFields),
  run_canceling: variant('What runs is ended.', { why: text('Such as the name of a signal.') }),
  run_finished: variant('The run ended. The last line, unless the run is resumed.', {
    exitCode: oneOf(Object.values(exitCodes), 'The exit code of autopilot.'),
    why: text('The reason in a few words.'),
    ofAll: optional(
      oneOf(
        Object.values(exitCodes),
        'After `resume --only`: the exit code if all tasks of the run counted, not only the named ones.',
      ),
    ),
  }),
}

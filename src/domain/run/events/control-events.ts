import type { TaskId } from '../../brand.js'
import { actorShape } from '../../actor.js'
import { as, moment, name, names, number, optional, variant } from '../../shape/shape.js'

const by = as(actorShape, 'Who did it.')

/** What people do to a run while it is at work. */
export const controlEvents = {
  run_paused: variant(
    'The run is paused: no attempt begins. What has begun goes on, with repairs, reviews and landing.',
    {
      by,
      until: optional(
        moment('When the time limit ends the run, epoch ms. Without one the pause lasts until it is ended.'),
      ),
    },
  ),
  run_unpaused: variant('The pause is over.', { by }),
  task_canceling: variant(
    'A task is being canceled on its own. `task_held` follows, unless its work has just landed.',
    {
      taskId: name<TaskId>('The task.'),
      by,
    },
  ),
  run_stop_asked: variant('Somebody canceled everything: the run stops as after Ctrl-C.', { by }),
  slots_changed: variant('The run has more slots from now on, or fewer; those that go are released first.', {
    by,
    slots: names('The agent slots.'),
  }),
  run_continued: variant('Ctrl-Z had stopped the run, with everything that it has started. It goes on.', {
    stoppedMs: number('For how long; this time counts nowhere.'),
  }),
}

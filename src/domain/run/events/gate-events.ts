import type { CommitId, TaskId, TreeId } from '../../brand.js'
import { providerModelShape } from '../../agent/provider-model.js'
import { verdictTypes } from '../../landing/gate.js'
import {
  as,
  flag,
  list,
  mark,
  name,
  names,
  number,
  object,
  oneOf,
  optional,
  text,
  texts,
  variant,
} from '../../shape/shape.js'
import { ofAttempt } from './of-attempt.js'

const verdict = oneOf(verdictTypes, '`errored`: it could not run, which says nothing about the tree.')
const durationMs = number('How long it took.')
const gateRun = number('The number of this run of a gate.')

/** A gate that did not pass on the base. */
export const baseGateShape = object({
  gate: text('Its name.'),
  message: text('What it said.'),
  tail: optional(text('The end of its output.')),
  log: optional(name('The file with all of its output.')),
})

export const gateEvents = {
  gates_began: variant('Gates began to judge work: alone, or together with other work that is to land.', ofAttempt),
  gate_started: variant('A gate runs on a tree.', {
    run: gateRun,
    gate: text('Its name.'),
    tree: name<TreeId>('The tree.'),
    taskIds: names<TaskId>('The tasks whose work is in the tree and has not landed, in order; none if it is the base.'),
  }),
  gate_ended: variant('It has ended. Its verdict follows, unless it could not run and is tried again.', {
    run: gateRun,
    durationMs,
  }),
  review_queued: variant('Work that passed the commands waits for a slot, on which another agent reviews it.', {
    ...ofAttempt,
    gate: text('The name of the review.'),
  }),
  review_started: variant('A reviewer began.', {
    ...ofAttempt,
    review: number('Counted from 1 within the attempt.'),
    gate: text('The name of the review.'),
    slot: name('The slot.'),
    agent: as(providerModelShape, 'The reviewer.'),
    tree: name<TreeId>('What it looks at.'),
    workspace: optional(name('The directory with a checkout of it.')),
  }),
  gate_judged: variant(
    "A gate judged a tree that may land, with this attempt's work on top; or, with `by`, a reviewer judged that work.",
    {
      ...ofAttempt,
      together: optional(
        names<TaskId>(
          'The other tasks whose work is in the tree and has not landed, in order. Absent if there are none.',
        ),
      ),
      gate: text('Its name.'),
      tree: name<TreeId>('The tree.'),
      verdict,
      durationMs,
      remembered: flag('The verdict was already known; nothing ran.'),
      log: optional(name('The file with all that the command printed.')),
      by: optional(
        object({
          agent: as(providerModelShape, 'The reviewer.'),
          reasons: texts('Its reasons, or why there is no answer.'),
        }),
      ),
      again: mark('The gate had already failed on this tree, and ran once more.'),
      flaky: mark('It then passed: its verdict is partly chance.'),
      fresh: mark('It passed in a place with a new setup.'),
    },
  ),
  base_judged: variant('`gates:` judged the base, a tip of the target, without any work on top.', {
    commit: name<CommitId>('The tip.'),
    tree: name<TreeId>('Its tree.'),
    verdict,
    durationMs,
    gates: list(baseGateShape, 'Those that failed twice, or could not run.'),
  }),
}

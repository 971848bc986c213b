import { failureShape } from '../../agent/failure.js'
import { providerModelShape } from '../../agent/provider-model.js'
import { as, flag, name, number, optional, own, text, texts, variant } from '../../shape/shape.js'
import { ofAttempt } from './of-attempt.js'

const slot = name('The slot.')
const agent = as(providerModelShape, 'Who works on it.')

export const attemptEvents = {
  attempt_started: variant('An attempt began.', {
    ...ofAttempt,
    slot,
    agent,
    workspace: name('The directory it works in; empty when none could be opened.'),
    directory: optional(name('Where its prompts and its output are kept. Older versions left that out.')),
    base: optional(name('The commit that it starts from. Absent without isolation.')),
    goesOnFrom: optional(number('The attempt that was cut off and whose conversation or work this one goes on with.')),
    text: own(
      optional(name('The digest of what its agent is told; see `task-text.ts`. Older versions left that out.')),
    ),
  }),
  attempt_resumed: variant(
    "An attempt that was interrupted with the run goes on: its agent's conversation on a slot, or, without one, its work, which the agent had finished.",
    {
      ...ofAttempt,
      slot: optional(slot),
      agent,
      workspace: optional(name('Where it is another than before.')),
      base: optional(name('Where it is another than before.')),
      text: own(
        optional(
          name('The agent is told the task as it is now, of which this is the digest; absent where it knows the task.'),
        ),
      ),
    },
  ),
  repair_started: variant("The attempt's conversation goes on, on a slot of its own, as its work was kept out.", {
    ...ofAttempt,
    round: number('The repair round, counted from 1 within the attempt.'),
    slot,
    agent,
    reason: as(failureShape, 'What kept it out.'),
    base: optional(
      name(
        "The tip of the target that was merged in: what the round's work is compared with. Absent without isolation.",
      ),
    ),
  }),
  finishing_started: variant(
    "The attempt's conversation goes on, on a slot of its own, to finish what its turn left unfinished.",
    {
      ...ofAttempt,
      turn: number('Counts such turns from 1 within the attempt.'),
      slot,
      agent,
      reason: as(failureShape, 'What was left.'),
    },
  ),
  candidate_created: variant('The work of a turn was collected.', {
    ...ofAttempt,
    commit: name('A commit that has it.'),
    ref: name('What keeps that commit.'),
    leftOut: texts('Changes that do not count.'),
  }),
  ignored_written: variant("The agent's own tools wrote files that git ignores: they do not land.", {
    ...ofAttempt,
    paths: texts('The files.'),
    copies: optional(name('The directory in which they are kept, as far as there was room. Absent where none is.')),
  }),
  commit_kept: variant('A commit that did not land is kept on a ref.', {
    ...ofAttempt,
    commit: name('The commit.'),
    ref: name('The ref.'),
    base: optional(name('The commit that its work is to be compared with.')),
    why: text('What it is.'),
  }),
  base_awaited: variant(
    'Its work was kept out only by gates that fail on the base, too: it waits until they pass there.',
    {
      ...ofAttempt,
      gates: texts('The gates.'),
    },
  ),
  attempt_failed: variant('An attempt failed.', {
    ...ofAttempt,
    failure: as(failureShape, 'Why.'),
    willRetry: flag('The task is tried again.'),
    counted: optional(
      flag("`false` when it does not count towards the attempts that the task has: an account's trouble ended it."),
    ),
  }),
}

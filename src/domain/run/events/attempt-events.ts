import type { CommitId, RefName } from '../../brand.js'
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
    directory: optional(name('Where its prompts and its output are kept. Older versions left this out.')),
    base: optional(name<CommitId>('The commit that it starts from. Absent without isolation.')),
    goesOnFrom: optional(number('The attempt that was cut off and whose conversation or work this one continues.')),
    text: own(
      optional(name('The digest of what its agent is told; see `task-text.ts`. Older versions left this out.')),
    ),
  }),
  attempt_resumed: variant(
    "An attempt that was interrupted with the run continues: its agent's conversation on a slot, or, without a slot, the work that its agent had finished.",
    {
      ...ofAttempt,
      slot: optional(slot),
      agent,
      workspace: optional(name('Present if it differs from before.')),
      base: optional(name<CommitId>('Present if it differs from before.')),
      text: own(
        optional(
          name(
            'The digest of the current text of the task, which the agent is told; absent if it knows the text already.',
          ),
        ),
      ),
    },
  ),
  repair_started: variant("The attempt's conversation continues on a slot, because its work was refused.", {
    ...ofAttempt,
    round: number('The repair round, counted from 1 within the attempt.'),
    slot,
    agent,
    reason: as(failureShape, 'What kept it out.'),
    base: optional(
      name<CommitId>(
        "The tip of the target that was merged in; the round's work is compared with it. Absent without isolation.",
      ),
    ),
  }),
  finishing_started: variant(
    "The attempt's conversation continues on a slot, to finish what its turn left unfinished.",
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
    commit: name<CommitId>('A commit that has it.'),
    ref: name<RefName>('The ref that holds this commit.'),
    leftOut: texts('Changes that do not count.'),
  }),
  ignored_written: variant("The agent's own tools wrote files that git ignores: they do not land.", {
    ...ofAttempt,
    paths: texts('The files.'),
    copies: optional(name('The directory with copies of them, as far as there was space. Absent if there are none.')),
  }),
  commit_kept: variant('A commit that did not land is kept on a ref.', {
    ...ofAttempt,
    commit: name<CommitId>('The commit.'),
    ref: name<RefName>('The ref.'),
    base: optional(name<CommitId>('The commit to compare its work with.')),
    why: text('What it is.'),
  }),
  base_awaited: variant('Only gates that also fail on the base refused its work: it waits until they pass there.', {
    ...ofAttempt,
    gates: texts('The gates.'),
  }),
  attempt_failed: variant('An attempt failed.', {
    ...ofAttempt,
    failure: as(failureShape, 'Why.'),
    willRetry: flag('The task is tried again.'),
    counted: optional(
      flag("`false` if it does not count towards the task's attempts, for example because its account hit a limit."),
    ),
  }),
}

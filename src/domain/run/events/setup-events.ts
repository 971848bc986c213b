import { failureShape } from '../../agent/failure.js'
import { as, name, number, oneOf, optional, variant } from '../../shape/shape.js'

const run = number('The number of this run of `setup:`; after a resume they begin with 1 again.')

export const setupEvents = {
  setup_started: variant('`setup:` runs in a workspace, which belongs to no task yet.', {
    run,
    use: oneOf(['agents', 'gates'], 'Who is to work there.'),
    workspace: name('The workspace.'),
  }),
  setup_ended: variant('It has ended.', {
    run,
    durationMs: number('How long it took.'),
    failure: optional(as(failureShape, 'Why the workspace cannot be used.')),
  }),
}

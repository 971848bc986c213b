import { failureShape } from '../../agent/failure.js'
import { providerModelFields } from '../../agent/provider-model.js'
import { as, flag, moment, name, optional, text, variant } from '../../shape/shape.js'

const provider = name('`claude`, `codex` or `command`.')

export const providerEvents = {
  provider_detected: variant('autopilot looked for an agent CLI.', {
    provider,
    usable: flag('It can get work.'),
    version: optional(text('Its version, as it reports it.')),
    permissions: optional(text("The CLI's own name for the run's permissions.")),
    message: optional(text('Why it is not usable, and what to do.')),
  }),
  provider_stopped: variant('A provider gets no more work in this run.', {
    provider,
    failure: as(failureShape, 'Why.'),
  }),
  model_stopped: variant('One model of a provider gets no more work in this run.', {
    ...providerModelFields,
    failure: as(failureShape, 'Why.'),
  }),
  provider_cooled_down: variant('A provider cools down: it gets no work for some time.', {
    provider,
    until: moment('Until then, epoch ms.'),
    failure: as(failureShape, 'Why.'),
  }),
}

import { failureShape } from '../../agent/failure.js'
import { providerModelFields } from '../../agent/provider-model.js'
import { as, flag, moment, name, optional, text, variant } from '../../shape/shape.js'

const provider = name('`claude`, `codex` or `command`.')

export const providerEvents = {
  provider_detected: variant('An agent CLI was looked for.', {
    provider,
    usable: flag('Work may be given to it.'),
    version: optional(text('What it calls its version.')),
    permissions: optional(text("What the run's permissions are called by the CLI itself.")),
    message: optional(text('Why it cannot be used, and what to do.')),
  }),
  provider_stopped: variant('A provider is given no more work in this run.', {
    provider,
    failure: as(failureShape, 'Why.'),
  }),
  model_stopped: variant('One model of a provider is given no more work in this run.', {
    ...providerModelFields,
    failure: as(failureShape, 'Why.'),
  }),
  provider_cooled_down: variant('A provider is given no work for some time.', {
    provider,
    until: moment('Until then, epoch ms.'),
    failure: as(failureShape, 'Why.'),
  }),
}

import { agentCountFields } from '../../accounts/counted.js'
import { agentEventShape, usageShape } from '../../agent/agent-event.js'
import { exitStatusShape } from '../../agent/attempt.js'
import { failureShape } from '../../agent/failure.js'
import { spawnedProcessFields } from '../../process/stray.js'
import { as, name, number, oneOf, optional, own, text, texts, variant } from '../../shape/shape.js'
import { ofAgent } from './of-attempt.js'

export const agentEvents = {
  agent_spawned: variant(
    'The process of an agent is ready, in its own process group. It starts working once this line is on disk.',
    { ...ofAgent, ...spawnedProcessFields },
  ),
  command_spawned: variant('The same for a gate or the `setup:` command.', {
    what: oneOf(['gate', 'setup'], 'Which of them.'),
    ...spawnedProcessFields,
  }),
  agent_reported: variant('Something was read from the output of an agent.', {
    ...ofAgent,
    event: as(agentEventShape, 'What it was.'),
  }),
  agent_used: variant('What a running agent has used so far. The last one counts if no event records its end.', {
    ...ofAgent,
    provider: name('Whose agent.'),
    ...agentCountFields,
  }),
  agent_exited: variant('The process of an agent has ended; its slot is free from now on.', {
    ...ofAgent,
    slot: name('The slot.'),
    exit: as(exitStatusShape, 'How it ended.'),
    durationMs: number('How long it ran.'),
  }),
  leftovers_ended: variant('The agent left background work or processes running, and they were ended.', {
    ...ofAgent,
    what: texts("What they were, in the CLI's words or as command lines."),
  }),
  agent_finished: variant('All output of an agent has been read.', {
    ...ofAgent,
    provider: optional(name('Whose agent.')),
    model: optional(name('The model that answered.')),
    streamed: own(optional(usageShape, 'The part that the calls of the model had reported along the way.')),
    sessionId: optional(name('Its conversation, as the CLI wrote it.')),
    text: text('Its last text, shortened.'),
    failure: optional(failureShape, 'Why it did not end well.'),
    ...agentCountFields,
  }),
}

import { agentCountFields } from '../../accounts/counted.js'
import { agentEventShape, usageShape } from '../../agent/agent-event.js'
import { exitStatusShape } from '../../agent/attempt.js'
import { failureShape } from '../../agent/failure.js'
import { spawnedProcessFields } from '../../process/stray.js'
import { as, name, number, oneOf, optional, own, text, texts, variant } from '../../shape/shape.js'
import { ofAgent } from './of-attempt.js'

export const agentEvents = {
  agent_spawned: variant(
    'The process of an agent stands ready, in a process group of its own, and gets its go when this line is on disk.',
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
  agent_used: variant('What an agent at work has used so far. The last one counts where nothing tells of its end.', {
    ...ofAgent,
    provider: name('Whose agent.'),
    ...agentCountFields,
  }),
  agent_exited: variant('The process of an agent has ended; its slot is free from here on.', {
    ...ofAgent,
    slot: name('The slot.'),
    exit: as(exitStatusShape, 'How it ended.'),
    durationMs: number('How long it ran.'),
  }),
  leftovers_ended: variant('The agent left background work or processes running, and they were ended.', {
    ...ofAgent,
    what: texts('What they were, in words of the CLI or as command lines.'),
  }),
  agent_finished: variant('All output of an agent has been read.', {
    ...ofAgent,
    provider: optional(name('Whose agent.')),
    model: optional(name('The model that answered.')),
    streamed: own(optional(usageShape, 'What the calls of the model had told of it on the way.')),
    sessionId: optional(name('Its conversation, as the CLI wrote it.')),
    text: text('Its last word, clipped.'),
    failure: optional(failureShape, 'Why it did not end well.'),
    ...agentCountFields,
  }),
}

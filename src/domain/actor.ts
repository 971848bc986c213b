import { number, object, oneOf, text, titled, type ValueOf } from './shape/shape.js'

/**
 * Who acts on a run from outside its tasks, as they say themselves: that they may is decided by who can reach the run's
 * terminal or its socket.
 */
export const actorShape = titled(
  'actor',
  object({
    user: text('The name of the user.'),
    pid: number('The process: that of the command, or autopilot itself for a key.'),
    via: oneOf(['command', 'key'], 'How.'),
  }),
)
export type Actor = ValueOf<typeof actorShape>

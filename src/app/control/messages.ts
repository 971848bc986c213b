import { actorShape, type Actor } from '../../domain/actor.js'
import { answerShape, orderShape, type Answer, type Order } from '../../domain/run/control.js'
import { isShaped } from '../../domain/shape/check.js'
import { number, object, type ValueOf } from '../../domain/shape/shape.js'
import { cleanLine } from '../../domain/text.js'

/** What a command says to a run: one line of JSON; an answer comes back as another. */
const messageShape = object({ protocol: number(), by: actorShape, order: orderShape })
type Message = ValueOf<typeof messageShape>

const protocol = 1
/** A name of a user, characters. */
const longestUser = 100

export function writeMessage(order: Order, by: Actor): string {
  return JSON.stringify({ protocol, by, order } satisfies Message)
}

/** Undefined if it is not a message, or one of another version. */
export function readMessage(line: string): Omit<Message, 'protocol'> | undefined {
  const value = parsed(line)
  if (!isShaped(messageShape, value) || value.protocol !== protocol) return undefined
  const { by, order } = value
  const { pid } = by
  const who = { user: cleanLine(by.user, longestUser), pid: Number.isSafeInteger(pid) ? pid : 0 }
  // Only autopilot itself knows of keys.
  return { by: { ...who, via: 'command' }, order }
}

export function readAnswer(line: string): Answer | undefined {
  const value = parsed(line)
  return isShaped(answerShape, value) ? value : undefined
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

import type { Ongoing } from './ongoing.js'
import type { HeldSlot } from './turn.js'

/**
 * The slot of another agent, which goes on where the CLI does not know the conversation any more; that costs no attempt.
 * Undefined when there is no slot to be had.
 */
export async function slotAfterLoss({ request, settings, slots }: Ongoing): Promise<HeldSlot | undefined> {
  const text = `${request.task.id}: its conversation is not there any more; another agent goes on with what it left`
  void settings.recorder.record({ type: 'notice', level: 'warning', text })
  const slot = await slots.again()
  return typeof slot === 'string' ? undefined : slot
}

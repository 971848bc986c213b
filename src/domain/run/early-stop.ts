import { as, oneOf, text, type ObjectOf, type ValueOf } from '../shape/shape.js'

/**
 * Why a run stops before its end: all of it passes, so running again is worth it. `signal`: somebody asked it to. But
 * `base_red`: gates fail without any work, too, which a person has to look at first, and so with `tampered`: somebody has
 * changed what autopilot's own git obeys.
 */
const reasonShape = oneOf(['budget', 'limit', 'time_limit', 'signal', 'base_red', 'tampered', 'disk'])
export type EarlyStopReason = ValueOf<typeof reasonShape>

/** A person is to look at something before another run is worth it. */
export function needsPerson({ reason }: { readonly reason: EarlyStopReason }): boolean {
  return reason === 'base_red' || reason === 'tampered'
}

/** From here on nothing starts; what runs may finish. */
export const earlyStopFields = {
  reason: as(reasonShape, 'What stops it.'),
  why: text('The reason in a few words, such as `the budget of $5.00 is used up`.'),
  next: text('What to do next, a sentence.'),
}
export type EarlyStop = ObjectOf<typeof earlyStopFields>

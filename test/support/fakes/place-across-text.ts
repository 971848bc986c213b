import type { Result } from '../../../src/domain/result.js'
import type { Failure } from '../../../src/domain/agent/failure.js'
import type { Continued, TurnPlace } from '../../../src/orchestration/place/isolation.js'

/** A place of which all that is asked, and all that it answers, passes as JSON, as for one that another process stands for. */
export function placeAcrossText(place: TurnPlace): TurnPlace {
  /** What was brought together last stays on the other side, where it can be shown. */
  const together = (result: Result<Continued, Failure>): Result<Continued, Failure> => {
    if (!result.ok) return asText(result)
    const { diff, ...rest } = result.value
    return { ok: true, value: { ...asText(rest), diff: async (most) => asText(await diff(asText(most))) } }
  }
  return {
    place: asText(place.place),
    trouble: async () => asText(await place.trouble()),
    underWay: async () => asText(await place.underWay()),
    harvest: async (written) => asText(await place.harvest(asText(written))),
    goOn: async (candidate) => together(await place.goOn(asText(candidate))),
    takeOver: async (work) => together(await place.takeOver(asText(work))),
    close: place.close,
  }
}

function asText<Value>(value: Value): Value {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value)
}

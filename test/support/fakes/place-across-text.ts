import type { TurnPlace } from '../../../src/orchestration/place/isolation.js'

/** A place whose questions and answers all pass as JSON, as if it were in another process. */
export function placeAcrossText(place: TurnPlace): TurnPlace {
  return {
    place: asText(place.place),
    trouble: async () => asText(await place.trouble()),
    underWay: async () => asText(await place.underWay()),
    harvest: async (written) => asText(await place.harvest(asText(written))),
    bringUpToDate: async (candidate) => asText(await place.bringUpToDate(asText(candidate))),
    diff: async (together, most) => asText(await place.diff(asText(together), most)),
    close: place.close,
  }
}

function asText<Value>(value: Value): Value {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value)
}

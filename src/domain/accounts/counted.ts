import {
  addUsage,
  noUsage,
  tokensOf,
  usageSince,
  usageShape,
  withCost,
  withoutCost,
  type Usage,
} from '../agent/agent-event.js'
import { list, mark, object, oneOf, optional, own, type ValueOf } from '../shape/shape.js'
import type { Budget } from './budget.js'

/** What can be counted: money and tokens. */
export type Measure = keyof Budget

/** What was counted for an agent, or for a part of its work. */
export const countedFields = {
  usage: usageShape,
  estimated: mark('The cost is estimated from the reported calls of the model, because the CLI reported no total.'),
  unknown: optional(list(oneOf(['usd', 'tokens']), 'The unknown part. In `usage` it counts as 0.')),
}
const countedShape = object(countedFields)
export type Counted = ValueOf<typeof countedShape>

/** A turn that the conversation's last total doesn't include; the next one may. */
const earlierTurnShape = object({
  ...countedFields,
  unsure: mark('It is unknown whether its CLI could still save its count.'),
})
export type EarlierTurn = ValueOf<typeof earlierTurnShape>

/**
 * What to compare a conversation's next total with, because CLIs report totals of the whole conversation. Source:
 * recorded with claude 2.1.332, which saves its count when its process ends, also after TERM: later totals include it.
 * After KILL they never do, even if the process had reported a total before.
 */
const baselineShape = object({ total: usageShape, since: optional(list(earlierTurnShape)) })
export type Baseline = ValueOf<typeof baselineShape>

/** What an agent used, and how it was counted: the conversation's total as far as it can be known. */
export const agentCountFields = {
  ...countedFields,
  replaces: own(
    optional(
      list(
        countedShape,
        'What was counted for earlier turns of its conversation and is in `usage` now: it no longer counts.',
      ),
    ),
  ),
  after: own(optional(baselineShape, "What to compare the conversation's next total with; older journals have none.")),
}

export const noBaseline: Baseline = { total: noUsage }

/** Which measures a total tells. */
export interface ToldMeasures {
  readonly tokens: boolean
  readonly usd: boolean
}

export function toldBy(total: Usage): ToldMeasures {
  return { tokens: tokensOf(total) > 0, usd: total.costUsd !== undefined }
}

/** Earlier turns, by whether a total includes them. */
export interface Settled {
  readonly taken: readonly Counted[]
  readonly left: readonly EarlierTurn[]
}

/**
 * Which earlier turns a total includes, besides the inputs of its own turn. Inputs are reported exactly along the way,
 * so the closest to the total is right: all of them, those that can't have been lost, or none.
 */
export function settleEarlier(total: Usage, ownInputs: number, { total: earlierTotal, since = [] }: Baseline): Settled {
  const told = toldBy(total)
  const more = usageSince(total, earlierTotal).inputTokens - ownInputs
  const isIn = nearest(since, told.tokens ? more : 0)
  const grew = (total.costUsd ?? 0) >= (earlierTotal.costUsd ?? 0)
  const parts = since.map((turn) => {
    // Without tokens, it is only the cost of a turn that was counted otherwise.
    const included = turn.usage.inputTokens === 0 || (told.tokens && isIn(turn))
    return split(turn, { tokens: included && told.tokens, usd: included && told.usd && grew })
  })
  return { taken: parts.flatMap(({ taken }) => taken), left: parts.flatMap(({ left }) => left) }
}

type Choice = (turn: EarlierTurn) => boolean

function nearest(since: readonly EarlierTurn[], inputs: number): Choice {
  const choices: readonly Choice[] = [() => false, ({ unsure }) => !unsure, () => true]
  const off = (choice: Choice) =>
    Math.abs(inputs - since.filter(choice).reduce((sum, { usage }) => sum + usage.inputTokens, 0))
  return choices.reduce((best, choice) => (off(choice) <= off(best) ? choice : best))
}

/** The part of a turn that a total includes, and the rest. */
function split(turn: EarlierTurn, { tokens, usd }: ToldMeasures): Settled {
  const left = partOf(turn, { tokens: !tokens, usd: !usd })
  return {
    taken: partOf(turn, { tokens, usd }),
    left: turn.unsure ? left.map((one) => ({ ...one, unsure: true })) : left,
  }
}

function partOf({ usage, estimated, unknown = [] }: Counted, has: ToldMeasures): readonly Counted[] {
  const costUsd = has.usd ? usage.costUsd : undefined
  const part = withCost(has.tokens ? usage : noUsage, costUsd)
  const unknownPart = unknown.filter((measure) => has[measure])
  return compact([
    {
      usage: part,
      ...(estimated && costUsd !== undefined ? { estimated } : {}),
      ...(unknownPart.length === 0 ? {} : { unknown: unknownPart }),
    },
  ])
}

/** Without those that say nothing. */
export function compact<Turn extends EarlierTurn>(turns: readonly Turn[]): readonly Turn[] {
  return turns.filter(({ usage, unknown }) => tokensOf(usage) > 0 || usage.costUsd !== undefined || unknown)
}

/** All that was counted of them. */
export function usageOfAll(turns: readonly Counted[]): Usage {
  return turns.map(({ usage }) => usage).reduce(addUsage, withoutCost(noUsage))
}

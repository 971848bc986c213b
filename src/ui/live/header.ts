import { formatSpent, formatUsd, spentOf } from '../../domain/accounts/budget.js'
import { tokensOf } from '../../domain/agent/agent-event.js'
import { usedSoFar, type RunState } from '../../domain/run/run-state.js'
import { cleanLine, cleanName } from '../../domain/text.js'
import { formatElapsed } from '../format.js'
import { piece, widthOf, type Piece, type ScreenLine } from './screen-line.js'
import { formatTokens } from './slot-table.js'

/** Which run this is and what it may spend; where one line has no room for the gates, they have a line of their own. */
export function headerLines(
  { state, ms }: { readonly state: RunState; readonly ms: number },
  columns: number,
): readonly ScreenLine[] {
  const { runId, target, repository } = state.start
  const where = target ? ` → ${cleanName(target.branch, 100)}` : ` in ${cleanName(repository, 100)}`
  const facts = [formatElapsed(ms), ...spentText(state)]
  const head = [piece('Run '), piece(cleanName(runId, 60), 'strong'), piece(where)]
  const gates = gatesText(state)
  const whole: ScreenLine = [...head, ...separated([...gates, ...facts])]
  if (gates.length === 0 || widthOf(whole) <= columns) return [whole]
  return [shortened(head, facts, columns), [piece(gates.join(''))]]
}

/** The id gives way to what changes. */
function shortened(head: readonly Piece[], facts: readonly string[], columns: number): ScreenLine {
  const whole = [...head, ...separated(facts)]
  return widthOf(whole) <= columns ? whole : [...head.slice(2), ...separated(facts)]
}

function separated(facts: readonly string[]): readonly Piece[] {
  return facts.flatMap((fact) => [piece(' · ', 'faint'), piece(fact)])
}

/** Nothing in the journals of older versions, which did not say. */
function gatesText({ start: { gates } }: RunState): readonly string[] {
  if (gates === undefined) return []
  return [gates.length === 0 ? 'no gates' : `gates ${gates.map((name) => cleanLine(name, 60)).join(', ')}`]
}

/** What was used of the budget; without one, what was used. */
function spentText(state: RunState): readonly string[] {
  const used = usedSoFar(state)
  const budget = state.start.budgets?.run ?? {}
  if (Object.keys(budget).length > 0) return [formatSpent(budget, spentOf(used))]
  if (used.costUsd !== undefined && used.costUsd > 0) return [formatUsd(used.costUsd)]
  const tokens = tokensOf(used)
  return tokens === 0 ? [] : [formatTokens(tokens)]
}

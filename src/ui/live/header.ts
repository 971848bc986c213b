import { formatSpent, spentOf } from '../../domain/accounts/budget.js'
import type { RunState } from '../../domain/run/run-state.js'
import { usedSoFar } from '../../domain/run/run-usage.js'
import { cleanLine, cleanName } from '../../domain/text.js'
import { formatElapsed } from '../format.js'
import { piece, widthOf, type Piece, type ScreenLine } from './screen-line.js'
import { formatUsed } from './slot-table.js'

/** Which run this is and what it may spend; where one line has no room for the gates, they have a line of their own. */
export function headerLines(
  { state, ms }: { readonly state: RunState; readonly ms: number },
  columns: number,
): readonly ScreenLine[] {
  const { runId, target, repository } = state.start
  const where = piece(target ? `→ ${cleanName(target.branch, 100)}` : `in ${cleanName(repository, 100)}`)
  const facts = separated([formatElapsed(ms), ...spentText(state)])
  const run = [piece('Run '), piece(cleanName(runId, 60), 'strong'), piece(' ')]
  const gates = gatesText(state)
  const whole = [...run, where, ...separated(gates), ...facts]
  if (widthOf(whole) <= columns) return [whole]
  // What changes is the last to go.
  const shorter = [[...run, where, ...facts], [where, ...facts], facts.slice(1)]
  const head = shorter.find((line) => widthOf(line) <= columns) ?? facts.slice(1)
  return [head, gates.map((text) => piece(text))]
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
  const text = formatUsed(used)
  return text === '' ? [] : [text]
}

import type { Gate } from '../../domain/landing/gate.js'
import { formatProviderModel } from '../../domain/agent/provider-model.js'
import type { Review } from '../../domain/landing/review.js'
import { cleanLine } from '../../domain/text.js'
import { formatDuration } from '../format.js'
import { hasLines, linesAsWritten } from './as-written.js'

/** What every task's work must pass, commands first; empty when that is nothing. */
export function formatGates(gates: readonly Gate[], reviews: readonly Review[]): string {
  const lines = [...gates.map((gate) => formatGate(gate)), ...reviews.map((one) => `gate  ${formatReview(one)}\n`)]
  return lines.length === 0 ? '' : `\nGates for every task:\n${lines.join('')}`
}

/** A gate of everybody; with `indent`, of the task above. Ends with a line break. */
export function formatGate({ name, run, cwd, timeoutMs, exclusive }: Gate, indent?: string): string {
  const head = indent === undefined ? 'gate  ' : `${indent}gate `
  const where = cwd === undefined ? '' : `in ${cleanLine(cwd, 200)} `
  const called = name === run ? '' : `${cleanLine(name, 100)}: `
  const most = `(at most ${formatDuration(timeoutMs)}${exclusive ? ', never twice at once' : ''})`
  if (hasLines(run)) return `${head}${called}${where}${most}\n${linesAsWritten(run, `${indent ?? ''}  `)}`
  return `${head}${called}${cleanLine(run, 400)} ${where}${most}\n`
}

function formatReview({ name, reviewers, criteria, timeoutMs }: Review): string {
  const who = reviewers.map((one) => cleanLine(formatProviderModel(one), 60)).join(' or ')
  const what = cleanLine(criteria.join('; '), 400)
  return `${cleanLine(name, 100)} by ${who}, or by another agent that is not the author: ${what} (at most ${formatDuration(timeoutMs)})`
}

import * as z from 'zod/mini'
import { err, ok, type Result } from '../domain/result.js'
import type { ReviewAnswer } from '../domain/landing/review.js'

const answer = z.strictObject({
  verdict: z.enum(['approve', 'reject']),
  reasons: z.array(z.string()),
})

/**
 * The JSON schema for a reviewer's CLI. Every property is required and no other allowed, as the strict mode of the
 * model servers demands.
 */
export const reviewSchema = JSON.stringify({
  type: 'object',
  properties: {
    verdict: { type: 'string', enum: ['approve', 'reject'] },
    reasons: { type: 'array', items: { type: 'string' } },
  },
  required: ['verdict', 'reasons'],
  additionalProperties: false,
})

/** What a reviewer answered, or why that is no answer: it counts as neither approval nor rejection. */
export function readReviewAnswer(text: string | undefined): Result<ReviewAnswer, string> {
  if (text === undefined || text.trim() === '') return err('it gave no answer')
  const parsed = answer.safeParse(parseJson(unfenced(text)))
  if (!parsed.success) return err('its answer does not have the required form')
  const { verdict, reasons } = parsed.data
  const said = reasons.map((reason) => reason.trim()).filter((reason) => reason !== '')
  if (verdict === 'reject' && said.length === 0) return err('it rejected without a reason')
  return ok({ verdict, reasons: said })
}

/** Models like to put JSON into a code fence. One that is the whole of the answer changes nothing of what it says. */
function unfenced(text: string): string {
  const trimmed = text.replace(/^\ufeff/, '').trim()
  return /^```(?:json)?[ \t]*\r?\n(.*)\n[ \t]*```$/is.exec(trimmed)?.[1] ?? trimmed
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

import { name, oneOf, optional, text, type ObjectOf } from './shape/shape.js'

/** How bad it is: `error`: a run would be refused. */
export const findingLevels = ['ok', 'warning', 'error'] as const
export type FindingLevel = (typeof findingLevels)[number]

/** What a check of `doctor` has found. */
export const findingFields = {
  check: name(
    'What was looked at: `node`, `git`, `system`, `repository`, `configuration`, `roadmap`, a CLI, `target`, …',
  ),
  level: oneOf(findingLevels, '`error`: a run would be refused.'),
  text: text('What was found.'),
  cure: optional(text('What to do about it.')),
}
export type Finding = ObjectOf<typeof findingFields>

export function fine(check: string, found: string): Finding {
  return { check, level: 'ok', text: found }
}

export function warning(check: string, found: string, cure?: string): Finding {
  return { check, level: 'warning', text: found, ...(cure === undefined ? {} : { cure }) }
}

export function wrong(check: string, found: string, cure?: string): Finding {
  return { check, level: 'error', text: found, ...(cure === undefined ? {} : { cure }) }
}

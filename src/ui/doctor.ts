import type { Finding, FindingLevel } from '../domain/finding.js'
import { cleanLine, plural } from '../domain/text.js'
import type { ExitCode } from '../domain/run/exit-code.js'
import type { Line, Tone } from './describe.js'

/** What the checks of `doctor` come to. */
export interface Diagnosis {
  readonly errors: number
  readonly warnings: number
  readonly exitCode: ExitCode
}

const tones: Readonly<Record<FindingLevel, Tone>> = { ok: 'good', warning: 'warning', error: 'bad' }

const longestLine = 1000

/** A finding, and below it what to do. */
export function findingLines({ check, level, text, cure }: Finding): readonly Line[] {
  const found = `${level.padEnd('warning'.length)}  ${cleanLine(check, 60)}: ${cleanLine(text, longestLine)}`
  if (cure === undefined) return [{ tone: tones[level], text: found }]
  return [
    { tone: tones[level], text: found },
    { tone: 'plain', text: `         ${cleanLine(cure, longestLine)}` },
  ]
}

/** What all of them come to. */
export function diagnosisLine({ errors, warnings }: Diagnosis): Line {
  const besides = warnings === 0 ? '' : `, ${plural(warnings, 'warning')}`
  if (errors > 0) return { tone: 'bad', text: `a run would be refused: ${plural(errors, 'error')}${besides}` }
  return { tone: 'good', text: `a run may begin${warnings === 0 ? '' : `: ${plural(warnings, 'warning')}`}` }
}

import { describe, expect, it } from 'vitest'
import {
  compareProblems,
  formatProblem,
  formatProblemLine,
  type Problem,
} from '../../../../src/domain/roadmap/problem.js'

function problemAt(file: string, line: number, column: number, more: Partial<Problem> = {}): Problem {
  return { severity: 'error', code: 'E040', text: 'no such task', position: { file, line, column }, ...more }
}

describe('problems', () => {
  it('are written so that editors find the place, with a line of help if there is any', () => {
    expect(formatProblem(problemAt('r.yaml', 3, 7))).toBe('r.yaml:3:7: error E040: no such task')
    expect(formatProblem(problemAt('r.yaml', 3, 7, { severity: 'warning', help: 'Look again.' }))).toBe(
      'r.yaml:3:7: warning E040: no such task\n    Look again.',
    )
  })

  it('fit on one line, which names no place if there is none', () => {
    const line = formatProblemLine(problemAt('r.yaml', 3, 7, { severity: 'warning', help: 'Look again.' }))
    expect(line).toBe('r.yaml:3:7: warning E040: no such task; Look again.')
    expect(formatProblemLine(problemAt('r.yaml', 1, 1))).toBe('r.yaml: error E040: no such task')
  })

  it('are in the order of the file', () => {
    const inOrder = [problemAt('a', 9, 9), problemAt('b', 1, 5), problemAt('b', 2, 1), problemAt('b', 10, 2)]
    expect([...inOrder].reverse().sort(compareProblems)).toEqual(inOrder)
  })
})

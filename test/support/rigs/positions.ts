import { expect } from 'vitest'
import type { Problem } from '../../../src/domain/roadmap/problem.js'

/** Every problem is at a place in the file: one of its lines, and a column of that line or the one after it. */
export function expectInside(problems: readonly Problem[], bytes: Uint8Array): void {
  const lines = new TextDecoder('utf-8').decode(bytes).split(/\r\n|\n|\r/)
  const outside = problems.flatMap(({ position, code, text }) => {
    const { line, column } = position
    const found = lines[line - 1]
    return found !== undefined && column >= 1 && column <= found.length + 1 ? [] : [{ code, text, line, column, found }]
  })
  expect(outside).toEqual([])
}

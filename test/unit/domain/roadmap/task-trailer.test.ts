import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { safeName } from '../../../../src/domain/name.js'
import { safeNameOf, taskTrailerValue } from '../../../../src/domain/roadmap/task-trailer.js'
import { taskId } from '../../../support/brands.js'

describe('what a trailer calls a task', () => {
  test('is its id, where that fits on a line', () => {
    expect(taskTrailerValue(taskId('AFP-W1 über (a)'))).toBe('AFP-W1 über (a)')
  })

  test('tells two tasks apart, and leads to the refs of each', () => {
    const id = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('a', 'a\u00a0', ' a', 'a\u200b'))
    fc.assert(
      fc.property(id, id, (a, b) => {
        const [one, other] = [taskTrailerValue(taskId(a)), taskTrailerValue(taskId(b))]
        expect(one === other).toBe(a === b)
        expect(safeNameOf(one)).toBe(safeName(a))
      }),
      { numRuns: 50 },
    )
  })

  test('leads to its refs, too, if its id ends like one that a trailer could not have as it was', () => {
    const odd = taskTrailerValue(taskId('a\u00a0b'))
    expect(odd).toBe(`a<U+00A0>b (${safeName('a\u00a0b')})`)
    expect(safeNameOf(taskTrailerValue(taskId(odd)))).toBe(safeName(odd))
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { err } from '../../../../src/domain/result.js'
import { opened, Table } from '../../../../src/app/start/table.js'

/** What a row, or the work, does. */
const ways = fc.constantFrom('goes well', 'is refused', 'throws')
const rows = fc.array(fc.record({ opens: fc.option(ways, { freq: 8 }), closes: fc.boolean() }), { maxLength: 8 })

test('rows that were opened are closed in reverse order, once each, whatever is refused or throws, and learn whether all went well', async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('goes well', 'throws'), async (plan, works) => {
      const [log, expected]: [string[], string[]] = [[], []]
      let table: Table<string, object> = new Table<string, object>()
      for (const [index, { opens, closes }] of plan.entries())
        table = table.row(`row ${index}`, async (before) => {
          // Each knows exactly those before it.
          expect(Object.keys(before)).toEqual(plan.slice(0, index).map((_, earlier) => `row ${earlier}`))
          await Promise.resolve()
          if (opens === 'is refused') return err(`no ${index}`)
          if (opens === 'throws') throw new Error(`bug ${index}`)
          log.push(`open ${index}`)
          return opened(index, (isWhole) => {
            log.push(`close ${index} ${isWhole}`)
            if (!closes) throw new Error(`stuck ${index}`)
          })
        })
      const stop = plan.findIndex(({ opens }) => opens !== null && opens !== 'goes well')
      const open = plan.slice(0, stop === -1 ? plan.length : stop)
      const isWhole = stop === -1 && works === 'goes well'
      expected.push(...open.map((_, index) => `open ${index}`))
      if (stop === -1) expected.push('work')
      expected.push(...open.map((_, index) => `close ${index} ${isWhole}`).toReversed())

      const end = await table
        .during({}, async () => {
          log.push('work')
          await Promise.resolve()
          if (works === 'throws') throw new Error('bug in the work')
          return 'done'
        })
        .catch((error: unknown) => (error as Error).message)

      expect(log).toEqual(expected)
      const bug =
        stop === -1
          ? works === 'throws'
            ? 'bug in the work'
            : undefined
          : plan[stop]?.opens === 'throws'
            ? `bug ${stop}`
            : undefined
      const stuck = open.findLastIndex(({ closes }) => !closes)
      if (bug !== undefined) expect(end).toBe(bug)
      else if (stuck !== -1) expect(end).toBe(`stuck ${stuck}`)
      else expect(end).toEqual(stop === -1 ? { ok: true, value: 'done' } : { ok: false, error: `no ${stop}` })
    }),
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochMs } from '../../../support/brands.js'
import { resetTimeIn } from '../../../../src/domain/accounts/reset-time.js'
import { momentsOf, wallAt } from '../../../../src/domain/accounts/wall-time.js'

const at = (iso: string) => epochMs(Date.parse(iso))
const now = at('2026-11-24T10:00:00Z')

/** What the text says, read at `when` by somebody who lives in `zone`. */
function said(text: string, when: string = new Date(now).toISOString(), zone = 'UTC'): string | undefined {
  const time = resetTimeIn(text, at(when), zone)
  return time === undefined ? undefined : new Date(time).toISOString().replace('.000Z', 'Z')
}

describe('the time at which a limit ends', () => {
  it.each([
    // Recorded of claude 2.1.330, codex 0.169.0 and gemini.
    ["You've hit your 5-hour limit · resets 4:49am (UTC)", '2026-11-25T04:49:00Z'],
    [
      'visit https://chatgpt.com/settings/usage to purchase more credits or try again at 4:15 AM.',
      '2026-11-25T04:15:00Z',
    ],
    ['Please try again in 2s.', '2026-11-24T10:00:02Z'],
    ['Suggested retry after 3600s.', '2026-11-24T11:00:00Z'],
    // Forms that those CLIs were seen to write elsewhere.
    ['Claude AI usage limit reached|1795600000', '2026-11-25T09:46:40Z'],
    ['resets 3pm (America/New_York)', '2026-11-24T20:00:00Z'],
    ['resets 12am (Europe/Berlin)', '2026-11-24T23:00:00Z'],
    ['resets 12pm (UTC)', '2026-11-24T12:00:00Z'],
    ['resets at 15:30 GMT', '2026-11-24T15:30:00Z'],
    ["You've hit your weekly limit · resets Nov 27, 3pm (Europe/Berlin)", '2026-11-27T14:00:00Z'],
    ['resets Nov 27 at 3:05pm (UTC)', '2026-11-27T15:05:00Z'],
    ['try again at Nov 27th, 2026 4:15 AM.', '2026-11-27T04:15:00Z'],
    ['resets Jan 2, 9am (UTC)', '2027-01-02T09:00:00Z'],
    ['resets Thursday 9am (UTC)', '2026-11-26T09:00:00Z'],
    ['resets Tue 9am (UTC)', '2026-12-01T09:00:00Z'],
    ['try again in 5 days 3 hours 20 minutes.', '2026-11-29T13:20:00Z'],
    ['try again in 1 hour and 5 minutes', '2026-11-24T11:05:00Z'],
    ['Please try again in 1m26.4s', '2026-11-24T10:01:26.400Z'],
    ['Your quota will reset after 5h31m27s.', '2026-11-24T15:31:27Z'],
    ['Retrying after 6000ms', '2026-11-24T10:00:06Z'],
    ['retry-after: 90', '2026-11-24T10:01:30Z'],
    ['Retry after 90 seconds', '2026-11-24T10:01:30Z'],
    ['limit resets at 2026-11-24T12:00:00+02:00', '2026-11-24T10:00:00Z'],
    ['resets 2026-11-25 01:02:03Z', '2026-11-25T01:02:03Z'],
    ['resets_at: try again at 1795600000123', '2026-11-25T09:46:40.123Z'],
  ])('is read from %s', (text, time) => {
    expect(said(text)).toBe(time)
  })

  it.each([
    'Too many requests.',
    'resets soon',
    'try again later',
    'Attempt 3 of 10. Retrying 4 times',
    'resets 25:00',
    'resets 13pm',
    'resets 4:75am',
    'try again in a moment',
    'retry 3',
  ])('is not read from %s', (text) => {
    expect(said(text)).toBeUndefined()
  })

  it('is in the reader’s zone if none is named, or an unknown one', () => {
    expect(said('try again at 4:15 AM.', '2026-11-24T10:00:00Z', 'America/New_York')).toBe('2026-11-25T09:15:00Z')
    expect(said('resets 4am (Mars/Olympus)', '2026-11-24T10:00:00Z', 'Asia/Tokyo')).toBe('2026-11-24T19:00:00Z')
  })

  it('is tomorrow if it has passed today, unless it has only just passed', () => {
    expect(said('resets 10am (UTC)', '2026-11-24T10:00:30Z')).toBe('2026-11-24T10:00:00Z')
    expect(said('resets 10am (UTC)', '2026-11-24T10:01:00Z')).toBe('2026-11-25T10:00:00Z')
    expect(said('resets 11:59pm (UTC)', '2026-11-25T00:00:10Z')).toBe('2026-11-25T23:59:00Z')
    expect(said('resets 12am (UTC)', '2026-11-25T00:00:10Z')).toBe('2026-11-25T00:00:00Z')
  })

  it('is right on days that have 23 or 25 hours', () => {
    // America/New_York: 2027-03-14 has no 2:30, 2026-11-01 has 1:30 twice.
    expect(said('resets 3pm (America/New_York)', '2027-03-13T20:30:00Z')).toBe('2027-03-14T19:00:00Z')
    expect(said('resets 2:30am (America/New_York)', '2027-03-14T05:00:00Z')).toBe('2027-03-14T07:30:00Z')
    expect(said('resets 1:30am (America/New_York)', '2026-11-01T04:00:00Z')).toBe('2026-11-01T05:30:00Z')
    expect(said('resets 1:30am (America/New_York)', '2026-11-01T05:45:00Z')).toBe('2026-11-01T06:30:00Z')
    expect(said('resets 1:30am (America/New_York)', '2026-11-01T06:45:00Z')).toBe('2026-11-02T06:30:00Z')
    // Europe/Berlin: 2026-10-25 has 2:30 twice.
    expect(said('resets 3pm (Europe/Berlin)', '2026-10-24T14:00:00Z')).toBe('2026-10-25T14:00:00Z')
    // Half an hour only: Australia/Lord_Howe.
    expect(said('resets 9am (Australia/Lord_Howe)', '2026-10-03T12:00:00Z')).toBe('2026-10-03T22:00:00Z')
  })

  it('is within a day and an hour if it has no date, and a clock on the wall shows it then', () => {
    const zone = fc.constantFrom('UTC', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Pacific/Apia')
    const when = fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') })
    fc.assert(
      fc.property(zone, when, fc.nat(23), fc.nat(59), (name, moment, hour, minute) => {
        const text = `resets ${hour}:${String(minute).padStart(2, '0')} (${name})`
        const time = resetTimeIn(text, epochMs(moment), 'UTC')!
        expect(time).toBeGreaterThan(moment - 60_000)
        expect(time).toBeLessThanOrEqual(moment + 25 * 3_600_000)
        const wall = new Date(wallAt(time, name))
        const wanted = Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate(), hour, minute)
        expect(momentsOf(wanted, name)).toContain(time)
      }),
    )
  })

  it('is a finite number or nothing, whatever the text', () => {
    const piece = fc.constantFrom(
      'resets ',
      'try again ',
      'in ',
      'at ',
      '99',
      ':',
      'pm',
      ' (UTC)',
      'Feb 31, ',
      'retry after',
      '9999999999',
      'd',
      'h',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (words) => {
        const time = resetTimeIn(words, now, 'UTC')
        expect(time === undefined || Number.isFinite(time)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

import type { EpochMs } from '../brand.js'
import { later } from '../clock.js'
import { isZone, momentsOf, wallAt } from './wall-time.js'

/** A time may follow these words. */
const announcement =
  /(?:\bresets?\b|\btry again\b|\bretry(?:ing)?\b|\bavailable again\b|\blimit reached\b)[\s:|-]*(?:\b(?:at|on|in|after|until)\b[\s:]*)?/gi

const durationUnits: readonly (readonly [unit: RegExp, ms: number])[] = [
  [/^(?:ms|milliseconds?)$/, 1],
  [/^(?:s|secs?|seconds?)$/, 1000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:d|days?)$/, 86_400_000],
]

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** A clock shows minutes: the minute it showed a moment ago may still be ahead. */
const graceMs = 60_000

/**
 * When a CLI says that an account is usable again: `resets 4:49am (UTC)`, `try again at Nov 27th, 2026 4:15 AM.`, `try
 * again in 1h 5m`, `Suggested retry after 3600s`, `limit reached|1795409354`. `zone` is for times without one.
 * Undefined if it doesn't say. May be slightly in the past.
 */
export function resetTimeIn(text: string, now: EpochMs, zone: string): EpochMs | undefined {
  for (const { 0: words, index } of text.matchAll(announcement)) {
    const behind = text.slice(index + words.length, index + words.length + 80)
    const time = absolute(behind) ?? relative(behind, words, now) ?? clockTime(behind, now, zone)
    if (time !== undefined) return time
  }
  return undefined
}

/** ISO 8601 with its offset, or seconds or milliseconds since the epoch. */
function absolute(text: string): EpochMs | undefined {
  const epoch = /^(\d{10})(\d{3})?(?!\d)/.exec(text)
  if (epoch) return (Number(epoch[1]) * 1000 + Number(epoch[2] ?? 0)) as EpochMs
  const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)/.exec(text)?.[0]
  const moment = iso === undefined ? Number.NaN : Date.parse(iso.replace(' ', 'T'))
  return Number.isNaN(moment) ? undefined : (moment as EpochMs)
}

/** A span of time from now; a bare number is seconds, as in a `retry-after` header, but only after such words. */
function relative(text: string, words: string, now: EpochMs): EpochMs | undefined {
  const bare = /^(\d{1,9})(?![\d:.]|\s*[a-z])/i.exec(text)?.[1]
  if (bare !== undefined && /retry.*after/i.test(words)) return later(now, Number(bare) * 1000)
  let rest = text.toLowerCase()
  let ms = 0
  for (;;) {
    const part = /^(?:,?\s*(?:and\s+)?)(\d{1,9}(?:\.\d+)?)\s*([a-z]+)/.exec(rest)
    const unit = durationUnits.find(([pattern]) => pattern.test(part?.[2] ?? ''))
    if (!part || !unit) break
    ms += Number(part[1]) * unit[1]
    rest = rest.slice(part[0].length)
  }
  return ms > 0 ? later(now, Math.ceil(ms)) : undefined
}

const wallTime =
  /^(?:(sun|mon|tue|wed|thu|fri|sat)[a-z]*\.?,?\s+)?(?:(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(?:(\d{4}),?\s+)?)?(?:at\s+)?(\d{1,2})(?::(\d\d))?(?::\d\d)?\s*([ap]\.?m\b)?\.?\s*(?:\(([\w/+-]{1,40})\)|(UTC|GMT)\b)?/i

/** The next time that a clock shows this, in its own zone or in `local`. */
function clockTime(text: string, now: EpochMs, local: string): EpochMs | undefined {
  const match = wallTime.exec(text)
  if (!match) return undefined
  const [, weekday, month, day, year, hourText = '', minuteText, half, named, utc] = match
  if (half === undefined && minuteText === undefined) return undefined
  const hour = hourOfDay(Number(hourText), half)
  const minute = Number(minuteText ?? 0)
  if (hour === undefined || minute > 59) return undefined
  const wanted = named ?? utc?.toUpperCase()
  const zone = wanted !== undefined && isZone(wanted) ? wanted : local
  const today = new Date(wallAt(now, zone))
  const walls =
    month === undefined
      ? nextDays(today, hour, minute, weekday?.toLowerCase())
      : datesOf(today, months.indexOf(month.toLowerCase()), Number(day), year, hour, minute)
  return walls.flatMap((wall) => momentsOf(wall, zone)).find((moment) => moment > later(now, -graceMs))
}

function hourOfDay(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour <= 23 ? hour : undefined
  if (hour < 1 || hour > 12) return undefined
  return (hour % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0)
}

/** Yesterday's time too, which may be meant shortly after midnight; then those of the next days. */
function nextDays(today: Date, hour: number, minute: number, weekday: string | undefined): readonly number[] {
  const days = Array.from({ length: 10 }, (_, ahead) =>
    Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() + ahead - 1, hour, minute),
  )
  return days.filter((wall) => weekday === undefined || weekdays[new Date(wall).getUTCDay()] === weekday)
}

function datesOf(
  today: Date,
  month: number,
  day: number,
  year: string | undefined,
  hour: number,
  minute: number,
): readonly number[] {
  const years = year === undefined ? [today.getUTCFullYear(), today.getUTCFullYear() + 1] : [Number(year)]
  return years.map((one) => Date.UTC(one, month, day, hour, minute))
}

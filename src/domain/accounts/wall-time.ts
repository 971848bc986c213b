import type { EpochMs } from '../brand.js'

/** What a wall clock in a time zone shows, as the epoch ms that UTC would have for it. */
type WallMs = number

const formats = new Map<string, Intl.DateTimeFormat | undefined>()

/** Undefined for a zone that Intl does not know. Making a format costs far more than using it. */
function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (!formats.has(zone)) formats.set(zone, makeFormat(zone))
  return formats.get(zone)
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' } as const
  try {
    return new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', ...numeric, minute: 'numeric', second: 'numeric' },
    })
  } catch {
    return undefined
  }
}

/** Whether Intl knows the zone: an IANA name, `UTC` or `GMT`. */
export function isZone(zone: string): boolean {
  return formatOf(zone) !== undefined
}

/** What the wall shows in a zone at a moment, in whole seconds. */
export function wallAt(epochMs: EpochMs, zone: string): WallMs {
  const parts = formatOf(zone)?.formatToParts(epochMs) ?? []
  const numberOf = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value)
  return Date.UTC(
    numberOf('year'),
    numberOf('month') - 1,
    numberOf('day'),
    numberOf('hour'),
    numberOf('minute'),
    numberOf('second'),
  )
}

const dayMs = 86_400_000

/**
 * The moments at which the clock shows this, in order: one; two if clocks are set back; if clocks are set forward over
 * it, the moment that much later.
 */
export function momentsOf(wall: WallMs, zone: string): readonly EpochMs[] {
  const behind = (ms: number) => (wall - ms) as EpochMs
  const offset = (epochMs: EpochMs) => wallAt(epochMs, zone) - Math.floor(epochMs / 1000) * 1000
  // No zone is more than 14 hours away from UTC, and none changes twice within two days.
  const offsets = [...new Set([offset(behind(dayMs)), offset(behind(-dayMs))])]
  const shown = offsets.map(behind).filter((moment) => wallAt(moment, zone) === wall)
  return shown.length > 0 ? shown.sort((a, b) => a - b) : [behind(offsets[0] ?? 0)]
}

/** `14:05`, or with its day when that is not today: what the wall shows in the zone. */
export function formatMoment(epochMs: EpochMs, now: EpochMs, zone: string): string {
  const [day, time] = dayAndTime(epochMs, zone)
  return day === dayAndTime(now, zone)[0] ? time : `${day} ${time}`
}

/** `2026-11-30 14:05`, for what is read at any time. */
export function formatDayAndTime(epochMs: EpochMs, zone: string): string {
  return dayAndTime(epochMs, zone).join(' ')
}

function dayAndTime(epochMs: EpochMs, zone: string): readonly [day: string, time: string] {
  const shown = new Date(wallAt(epochMs, zone)).toISOString()
  return [shown.slice(0, 10), shown.slice(11, 16)]
}

/** `14:05:09`: what the wall shows in the zone. */
export function formatClock(epochMs: EpochMs, zone: string): string {
  return new Date(wallAt(epochMs, zone)).toISOString().slice(11, 19)
}

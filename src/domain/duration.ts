const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** How durations are written, for messages. */
export const durationForms = 'a duration above 0 such as 90s, 45m, 1h30m, or whole seconds'

/** As {@link parseDuration}, and `0` (or `0s`, …) for none at all. */
export function parseDurationOrNone(text: string): number | undefined {
  return /^0(?:ms|s|m|h|d)?$/.test(text) ? 0 : parseDuration(text)
}

/** `90s`, `45m`, `1h30m`, or whole seconds, in ms; undefined for anything else, 0 included. */
export function parseDuration(text: string): number | undefined {
  let ms = /^\d+$/.test(text) ? Number(text) * 1000 : 0
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) {
    for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)) {
      ms += Number(count) * (unitMs[unit ?? ''] ?? 0)
    }
  }
  const whole = Math.round(ms)
  return whole > 0 && Number.isSafeInteger(whole) ? whole : undefined
}

/** `0.4 s`, `59.9 s`, `12m05s`, `3h04m`. */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`
}

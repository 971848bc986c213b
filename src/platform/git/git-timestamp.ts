/** Now, as git writes it into commits: epoch seconds and the offset of the local time zone, `1795409354 +0100`. */
export function gitTimestamp(now: Date = new Date()): string {
  const minutes = -now.getTimezoneOffset()
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${Math.floor(now.getTime() / 1000)} ${minutes < 0 ? '-' : '+'}${two(size / 60)}${two(size % 60)}`
}

/** To the microseconds that records have: sums of them have more digits by chance. */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

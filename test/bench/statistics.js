/**
 * The value below which `percent` of the samples are, by the nearest rank: the 50th is the median, the 100th the
 * greatest. Of an even number of samples the median is the mean of the middle two.
 * @param {readonly number[]} samples
 * @param {number} percent
 */
export function percentile(samples, percent) {
  const sorted = [...samples].sort((a, b) => a - b)
  if (sorted.length === 0) throw new Error('no samples')
  const middle = sorted.length / 2
  if (percent === 50 && Number.isInteger(middle)) return (sorted[middle - 1] + sorted[middle]) / 2
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
}

/** Whether a word holds a NUL character. No program can be given one, and the library that starts programs throws. */
export function holdsNul(words: readonly string[]): boolean {
  return words.some((word) => word.includes('\0'))
}

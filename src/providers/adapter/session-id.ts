/**
 * Whether an id that a CLI printed is fit to be its argument: it comes from a stream that an agent may have written to.
 * Source: all seen are UUIDs; other letters are let through, an option or a path is not.
 */
export function isSessionId(text: string): boolean {
  return /^[A-Za-z0-9][\w.:-]{0,127}$/.test(text)
}

import type { RunId } from './brand.js'

/**
 * A name for paths and refs made from a task id, which is outside text: a slug of at most 40 of `[a-z0-9-]`, plus
 * twelve hex digits of a hash of the whole id, so that look-alikes and clipped ids stay apart; of 20,000 ids without a
 * letter of these, no two share one but once in a million roadmaps.
 */
export function safeName(id: string): string {
  return `${slugOf(id) || 'task'}-${hash(id)}${hash(reversed(id)).slice(4)}`
}

/** At most 40 of `[a-z0-9-]`, by which a person knows a name again; empty if it has none of these. */
export function slugOf(name: string): string {
  return (
    name
      .normalize('NFKD')
      // Accents stand by themselves now; without them, the letter is left.
      .replace(/\p{M}+/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+/, '')
      .slice(0, 40)
      .replace(/-+$/, '')
  )
}

/** For a hash of its own: the same units in the other order. */
function reversed(text: string): string {
  return text.split('').reverse().join('')
}

/** 32-bit FNV-1a over UTF-16 units: names apart, nothing secret. Source: the FNV reference by Fowler, Noll and Vo. */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value ^= text.charCodeAt(index)
    value = Math.imul(value, 0x01000193)
  }
  return (value >>> 0).toString(16).padStart(8, '0')
}

/** Whether a word has the form of a run's id, such as `20261123-064726-3fa2`: outside words become paths and refs. */
export function isRunId(word: string): word is RunId {
  return /^\d{8}-\d{6}-[0-9a-f]{4}$/.test(word)
}

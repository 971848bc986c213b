import { createHash } from 'node:crypto'

/** 16 hex digits of SHA-256: of a million texts no two share them but once in 40 million times. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

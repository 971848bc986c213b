import { ok } from '../domain/result.js'
import type { Isolation } from './isolation.js'

/** `--isolation none`: agents work in the directory itself, side by side; nothing is collected or integrated. */
export function inPlace(directory: string): Isolation {
  return {
    kind: 'none',
    expect: () => undefined,
    open: () =>
      Promise.resolve(ok({ place: { cwd: directory }, harvest: () => Promise.resolve({ type: 'in_place' as const }) })),
    land: () => Promise.reject(new Error('nothing lands without isolation')),
    close: () => Promise.resolve(),
  }
}

import { ok } from '../../domain/result.js'
import type { Isolation, OpenPlace } from './isolation.js'

/** `--isolation none`: agents work in the directory itself, side by side; nothing is collected or integrated. */
export function inPlace(directory: string): Isolation {
  const place: OpenPlace = {
    place: { cwd: directory },
    trouble: () => Promise.resolve(undefined),
    // The directory is the user's, and so is what was under way there.
    underWay: () => Promise.resolve(undefined),
    harvest: () => Promise.resolve({ type: 'in_place' }),
    judge: nothingCollected,
    show: nothingCollected,
    land: nothingCollected,
    bringUpToDate: nothingCollected,
    diff: nothingCollected,
    close: () => undefined,
  }
  return {
    kind: 'none',
    expect: () => undefined,
    open: () => Promise.resolve(ok({ place, stands: false })),
    close: () => Promise.resolve(),
  }
}

function nothingCollected(): Promise<never> {
  return Promise.reject(new Error('without isolation nothing is collected'))
}

import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochMs } from '../../domain/brand.js'
import { later } from '../../domain/clock.js'

/** Source: gitrepository-layout(5): what git locks at the top of a git directory. */
const lockable = ['index', 'HEAD', 'ORIG_HEAD', 'config', 'packed-refs', 'shallow']

/** Lock files in a git directory that are no older than a moment. */
export async function locksLeft(gitDir: string, since: EpochMs): Promise<readonly string[]> {
  const paths = lockable.map((name) => join(gitDir, `${name}.lock`))
  const times = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => -1,
      ),
    ),
  )
  // File systems keep times less exactly than clocks tell them.
  return paths.filter((_, index) => (times[index] ?? -1) >= later(since, -1_000))
}

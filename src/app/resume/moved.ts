import { existsSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { RunState } from '../../domain/run/run-state.js'
import { cleanLine } from '../../domain/text.js'

/**
 * Where the roadmap of a run is now, absolute: where it was, or, when the repository was moved since with the roadmap in it,
 * at the same place below its new root.
 */
export function roadmapNow(start: RunState['start'], root: string): string {
  const { repository, roadmap } = start
  const then = start.roadmapPath ?? resolve(repository, roadmap)
  const below = relative(repository, then)
  const isBelow = below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below)
  return hasMoved(start, root) && isBelow ? join(root, below) : then
}

/** Said when a run goes on in a repository that was moved; undefined where it was not. */
export function movedLine(start: RunState['start'], root: string): string | undefined {
  if (!hasMoved(start, root)) return undefined
  const then = cleanLine(start.repository, 300)
  return `the repository was at ${then} when the run began: workspaces that belong to that path are named and left alone; work on refs continues`
}

/** The directory that the run worked in is gone, and its record lies here. */
function hasMoved({ repository }: RunState['start'], root: string): boolean {
  return repository !== root && !existsSync(repository)
}

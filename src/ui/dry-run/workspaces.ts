import { cleanLine } from '../../domain/text.js'
import { installingIn } from '../../domain/installers.js'
import type { Keep, Setup } from '../../domain/setup.js'
import { formatDuration } from '../format.js'
import type { Printed } from '../printed.js'
import { hasLines, linesAsWritten } from './as-written.js'

/** As the configuration has it. */
export interface PlannedFurniture {
  readonly setup?: Setup
  readonly copy: readonly string[]
  readonly keep: Keep
  readonly link: readonly string[]
}

/**
 * What every workspace would have in addition to the files of its commit: lines for people, none if that is nothing.
 */
export function workspaceLines({ setup, copy, keep, link }: PlannedFurniture): readonly string[] {
  const setups = setup ? setupLines(setup, inputWords(setup, keep)) : []
  const rest = { copy, keep: keep === 'auto' ? [] : keep, link }
  return [
    ...setups,
    ...Object.entries(rest).flatMap(([what, paths]) => (paths.length > 0 ? [`${what.padEnd(5)} ${list(paths)}`] : [])),
  ]
}

function inputWords({ inputs, run }: Setup, keep: Keep): string {
  if (inputs) return list(inputs)
  if (keep !== 'auto') return 'a lock file'
  return installingIn(run) ? 'an input of the install' : 'any file'
}

function setupLines({ run, timeoutMs }: Setup, after: string): readonly string[] {
  const how = `(at most ${formatDuration(timeoutMs)}; again when ${after} changes)`
  if (!hasLines(run)) return [`setup ${cleanLine(run, 200)} ${how}`]
  return [`setup ${how}`, ...linesAsWritten(run, '  ').trimEnd().split('\n')]
}

function list(paths: readonly string[]): string {
  return paths.map((path) => cleanLine(path, 100)).join(', ')
}

/** The same for machines; undefined where it is nothing. */
export function workspaceFacts({ setup, copy, keep, link }: PlannedFurniture): Printed | undefined {
  const listed = keep === 'auto' ? [] : keep
  const isBare = !setup && [copy, listed, link].every((paths) => paths.length === 0)
  const made = setup ? { setup, ...(keep === 'auto' ? { keepsSetup: true as const } : {}) } : {}
  return isBare ? undefined : { type: 'workspaces', ...made, copy, keep: listed, link }
}

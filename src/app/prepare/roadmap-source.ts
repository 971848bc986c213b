import { join, relative, resolve } from 'node:path'
import type { Problem } from '../../domain/roadmap/problem.js'
import { err, type Result } from '../../domain/result.js'
import { findRoadmap } from '../../roadmap/find.js'
import { loadRoadmap, type LoadedRoadmap } from '../../roadmap/load.js'
import { parseOffThread } from '../../roadmap/parse-off-thread.js'
import { selectableProviders } from '../../config/known-providers.js'
import type { FileSettings } from '../../config/settings.js'
import { commandProvider } from '../../domain/routing/routing.js'

/** The worker thread's file lies beside the bundle that this code is in. */
export const parseElsewhere = parseOffThread(join(import.meta.dirname, 'parse-worker.cjs'))

/**
 * Loads the roadmap that the command line names, counted from where it was typed, or the one with a default name in
 * `directory`.
 */
export async function openRoadmap(
  named: string | undefined,
  directory: string,
  file: Pick<FileSettings, 'statuses' | 'customProviders'>,
): Promise<Result<LoadedRoadmap, Problem[]>> {
  const path = await rootPath(named, directory)
  if (!path.ok) return err([path.error])
  const providers = [...selectableProviders(file), commandProvider]
  const shownAs = named ?? shown(path.value)
  return loadRoadmap(path.value, { shownAs, statuses: file.statuses, providers, parseLarge: parseElsewhere })
}

async function rootPath(named: string | undefined, directory: string): Promise<Result<string, Problem>> {
  return named === undefined ? findRoadmap(directory) : { ok: true, value: resolve(named) }
}

/** Relative where that is shorter. */
function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

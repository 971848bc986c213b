import { relative, resolve } from 'node:path'
import type { Problem } from '../../domain/roadmap/problem.js'
import { err, type Result } from '../../domain/result.js'
import { findRoadmap } from '../../roadmap/find.js'
import { loadRoadmap, type LoadedRoadmap } from '../../roadmap/load.js'
import { providerNames } from '../../domain/agent/provider-model.js'

/**
 * Loads the roadmap that the command line names, counted from where it was typed, or the one with a default name in
 * `directory`.
 */
export async function openRoadmap(
  named: string | undefined,
  directory: string,
  statuses: Readonly<Record<string, string>>,
): Promise<Result<LoadedRoadmap, Problem[]>> {
  const path = await rootPath(named, directory)
  if (!path.ok) return err([path.error])
  return loadRoadmap(path.value, { shownAs: named ?? shown(path.value), statuses, providers: providerNames })
}

async function rootPath(named: string | undefined, directory: string): Promise<Result<string, Problem>> {
  return named === undefined ? findRoadmap(directory) : { ok: true, value: resolve(named) }
}

/** Relative where that is shorter. */
function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

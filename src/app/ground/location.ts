import { join, resolve } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { ok, type Result } from '../../domain/result.js'
import type { RepositoryRefusal, Repository } from '../../workspace/contract.js'
import { discover } from '../../workspace/repository/discover.js'

/** Where the run works. */
export interface Location {
  /** Absolute: the root of the repository, or the plain directory without isolation. */
  readonly root: string
  /** Where the run's lock lies: a run has its repository, or its directory, to itself. */
  readonly lock: string
  /** The git directory that all work trees of the repository share; absent without isolation. */
  readonly commonDir?: string
  /** Where the user stands; absent without isolation. */
  readonly head?: Repository['head']
}

/** A repository as the place of runs. */
export interface RepositoryLocation extends Location {
  readonly commonDir: string
  /** Where the user stands. */
  readonly head: Repository['head']
}

/** A directory as the place of runs without isolation, where there is no repository around it. */
export function plainLocation(root: string): Location {
  return { root, lock: join(root, '.autopilot', 'lock') }
}

/** Finds the repository around a directory. Changes nothing. */
export async function locate(
  directory: string,
  env: Environment,
): Promise<Result<RepositoryLocation, RepositoryRefusal>> {
  const found = await discover(resolve(directory), env)
  if (!found.ok) return found
  const { root, commonDir, head } = found.value
  return ok({ root, commonDir, head, lock: join(commonDir, 'autopilot', 'lock') })
}

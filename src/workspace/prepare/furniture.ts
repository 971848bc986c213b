import type { Keep, Setup } from '../../domain/setup.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Result } from '../../domain/result.js'
import { gitPath, type GitPath } from '../git-path.js'
import type { Keeper } from '../kept/keeper.js'

/** Runs the user's setup command, through a shell, in a directory. */
export type RunSetup = (setup: Setup, cwd: string) => Promise<Result<void, Failure>>

/** How workspaces are furnished beyond what git checks out. All paths are relative to the root. */
export interface Furniture {
  /** Run in each new workspace, and in a used one when it is needed again; see `set-up.ts`. */
  readonly setup?: Setup
  /** Copied from the user's tree: untracked ones such as `.env`. */
  readonly copy: readonly string[]
  /** What stays when a workspace is cleaned for the next attempt, such as `node_modules`. */
  readonly keep: Keep
  /** Symbolic links to the same path of the user's tree. */
  readonly link?: readonly string[]
  /** Tracked files that setup changed are restored, because exactly the commit's tree must be judged. */
  readonly exact?: boolean
  readonly runSetup: RunSetup
  readonly keeper: Keeper
  /** Setup made or changed these, clean for display, and they cannot stay: so it will run before each use. */
  readonly onNotKept?: (paths: readonly string[]) => void
}

/** The paths of a list, as git knows them. */
export function furniturePaths(paths: readonly string[] = []): GitPath[] {
  return paths.map((path) => gitPath(path.replace(/^(\.\/+)+|\/+$/g, '')))
}

/** The paths that stay however an attempt leaves them. */
export function listedPaths(keep: Keep): GitPath[] {
  return keep === 'auto' ? [] : furniturePaths(keep)
}

/** Everything that is no agent's work, whatever an agent makes of it. */
export function furnishedPaths({ copy, keep, link }: Furniture): GitPath[] {
  return [...new Set([...furniturePaths(copy), ...listedPaths(keep), ...furniturePaths(link)])]
}

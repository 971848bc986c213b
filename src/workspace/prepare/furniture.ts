import type { Setup } from '../../domain/setup.js'
import type { Failure } from '../../domain/agent/failure.js'
import type { Result } from '../../domain/result.js'
import { gitPath, type GitPath } from '../git-path.js'

/** Runs the user's setup command, through a shell, in a directory. */
export type RunSetup = (setup: Setup, cwd: string) => Promise<Result<void, Failure>>

/** How workspaces are furnished beyond what git checks out. All paths are relative to the root. */
export interface Furniture {
  /** Run in each new workspace, and in a used one when it is needed again; see `set-up.ts`. */
  readonly setup?: Setup
  /** Copied from the user's tree: untracked ones such as `.env`. */
  readonly copy: readonly string[]
  /** Left as they are when a workspace is cleaned for the next attempt, such as `node_modules`. */
  readonly keep?: readonly string[]
  /** Symbolic links to the same path of the user's tree. */
  readonly link?: readonly string[]
  /** Tracked files that setup changed are put back, since exactly the commit's tree is to be judged. */
  readonly exact?: boolean
  readonly runSetup: RunSetup
  /** Setup made these, clean for display, and they are not kept: so it will run before each use. */
  readonly onNotKept?: (paths: readonly string[]) => void
}

/** The paths of a list, as git knows them. */
export function furniturePaths(paths: readonly string[] = []): GitPath[] {
  return paths.map((path) => gitPath(path.replace(/^(\.\/+)+|\/+$/g, '')))
}

/** Everything that is no agent's work, whatever an agent makes of it. */
export function furnishedPaths({ copy, keep, link }: Furniture): GitPath[] {
  return [...new Set([copy, keep, link].flatMap((paths) => furniturePaths(paths)))]
}

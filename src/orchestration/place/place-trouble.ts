import { dirname } from 'node:path'
import { failure, type Failure } from '../../domain/agent/failure.js'
import { cleanLine } from '../../domain/text.js'
import { lacksRoom } from '../../platform/files/full-disk.js'
import { homeIdentity, type Workspace } from '../../workspace/workspace.js'
import type { PlaceTrouble } from './isolation.js'

/**
 * What has cause a workspace that is not its agent's doing: somebody has cleared the directory in which all of them
 * lie, or its disk is full. An agent that removes its own workspace alone is to blame itself.
 */
export async function troubleOf({ root, home }: Pick<Workspace, 'root' | 'home'>): Promise<PlaceTrouble | undefined> {
  const directory = dirname(root)
  const where = cleanLine(directory, 300)
  if (homeIdentity(directory) !== home) {
    const message = `The directory of the workspaces, ${where}, was removed during the run.`
    return { type: 'gone', failure: failure('infrastructure', message, { spared: true }) }
  }
  if (!(await lacksRoom(directory))) return undefined
  const message = `No space is left on the disk of ${where}.`
  return { type: 'full', failure: failure('infrastructure', message, { spared: true }) }
}

/** A step that failed in a workspace, or for the place that it is in. */
export async function blamed(workspace: Pick<Workspace, 'root' | 'home'>, failed: Failure): Promise<Failure> {
  const trouble = failed.kind === 'infrastructure' ? await troubleOf(workspace) : undefined
  return trouble ? { ...failed, spared: true } : failed
}

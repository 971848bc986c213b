import type { Actor } from '../../domain/actor.js'
import { userName } from '../../platform/user.js'

/** This user and this process. */
export function ownActor(via: Actor['via']): Actor {
  return { user: userName(), pid: process.pid, via }
}

import { userInfo } from 'node:os'

/** The name of the user that this process belongs to; a container may run one that has none. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${ownUid() ?? '?'}`
  }
}

/** Undefined on systems without users of that kind. */
export function ownUid(): number | undefined {
  return process.getuid?.()
}

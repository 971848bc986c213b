import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * Every file below a directory by its path, with its mode and all its bytes: two of these are equal exactly when
 * nothing was touched. `except` leaves out paths relative to the directory, with all that is below them.
 */
export function treeBytes(dir: string, except: (path: string) => boolean = () => false): Record<string, string> {
  const found: Record<string, string> = {}
  const visit = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name)
      const path = relative(dir, file)
      if (except(path)) continue
      const stat = lstatSync(file)
      if (stat.isDirectory()) visit(file)
      else
        found[path] =
          `${stat.mode.toString(8)} ${stat.isSymbolicLink() ? readlinkSync(file) : readFileSync(file, 'hex')}`
    }
  }
  visit(dir)
  return found
}

/** The user's own bytes: the work tree and `.git`, less what autopilot is there to write. */
export function userBytes(dir: string): Record<string, string> {
  const ours = /^\.git\/(autopilot|objects|refs\/autopilot|(logs\/)?refs\/heads\/autopilot)(\/|$)/
  return treeBytes(dir, (path) => ours.test(path))
}

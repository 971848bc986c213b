import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectRoot } from '../support/rigs/program.js'
import type { CliBins } from './install-clis.js'

/** `nobody` on most systems; it needs no entry in the user database. */
const ordinaryUser = 65534

const dropRights = [
  { file: '/usr/bin/setpriv', args: [`--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, '--clear-groups', '--'] },
].find(({ file }) => existsSync(file))

const isRoot = process.getuid?.() === 0

/** Why the program cannot be run as an ordinary user here. */
export const noOrdinaryUser = isRoot && !dropRights ? 'setpriv is not installed' : undefined

/** Why the program cannot be run as root here. */
export const notRoot = isRoot ? undefined : 'the tests do not run as root'

/** How to start the program as an ordinary user, and where its copies of the CLIs are. */
export interface OrdinaryUser {
  readonly file: string
  readonly args: readonly string[]
  readonly bins: CliBins
}

/**
 * Makes everything in `place` the ordinary user's, beside copies of the program and the CLIs: the directories that hold
 * the originals may be closed to others. An ordinary user who runs the tests stays who they are.
 */
export function asOrdinaryUser(place: string, bins: CliBins): OrdinaryUser {
  const node = join(place, 'bin', 'node')
  if (!dropRights || !isRoot) return { file: node, args: [join(projectRoot, 'bin', 'autopilot.js')], bins }
  const program = join(place, 'program')
  execFileSync('cp', ['-a', '--parents', 'bin', 'dist', 'package.json', mkdir(program)], { cwd: projectRoot })
  execFileSync('chown', ['-R', `${ordinaryUser}:${ordinaryUser}`, place])
  const all = mkdir(join(place, 'clis'))
  const copies = Object.entries(bins).map(([cli, bin]) => [cli, copyPackages(dirname(bin), mkdir(join(all, cli)))])
  if (!canStart(node)) {
    rmSync(node)
    copyFileSync(process.execPath, node)
    chmodSync(node, 0o755)
  }
  const { file, args } = dropRights
  return {
    ...{ file, args: [...args, node, join(program, 'bin', 'autopilot.js')] },
    bins: Object.fromEntries(copies) as CliBins,
  }
}

/** Hard links where they are possible: it is hundreds of MB. Made last, since the originals keep their owner. */
function copyPackages(packages: string, directory: string): string {
  // The name by which packages find each other.
  const copy = join(directory, 'node_modules')
  try {
    execFileSync('cp', ['-al', packages, copy], { stdio: 'ignore' })
  } catch {
    rmSync(copy, { recursive: true, force: true })
    execFileSync('cp', ['-a', packages, copy])
  }
  return join(copy, '.bin')
}

function mkdir(path: string): string {
  execFileSync('mkdir', [path])
  return path
}

function canStart(node: string): boolean {
  try {
    execFileSync(dropRights!.file, [...dropRights!.args, node, '--version'], { stdio: 'ignore', cwd: '/' })
    return true
  } catch {
    return false
  }
}

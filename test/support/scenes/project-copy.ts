import { cpSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../rigs/program.js'

const sources = [
  ...['src', 'bin', '.config', 'package.json', 'package-lock.json', 'tsconfig.json', 'Makefile'],
  'autopilot_unified.sh',
]

/** A copy of the project before it is built, with the installed packages linked in. */
export function copyProject(to: string): string {
  mkdirSync(to)
  for (const name of sources) {
    cpSync(join(projectRoot, name), join(to, name), { recursive: true, preserveTimestamps: true })
  }
  // Older than the installed packages, so that make never installs again through the link.
  for (const name of ['package.json', 'package-lock.json']) utimesSync(join(to, name), 1, 1)
  symlinkSync(join(projectRoot, 'node_modules'), join(to, 'node_modules'))
  return to
}

import { cpSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../rigs/program.js'

const sources = [
  ...['src', 'bin', '.config', 'package.json', 'package-lock.json', 'tsconfig.json', 'Makefile'],
  'autopilot_unified.sh',
]

/** The project as it is before it is built, in a place of its own, with what is installed linked in. */
export function copyProject(to: string): string {
  mkdirSync(to)
  for (const name of sources) {
    cpSync(join(projectRoot, name), join(to, name), { recursive: true, preserveTimestamps: true })
  }
  // Older than what is installed, so that make never installs anew through the link.
  for (const name of ['package.json', 'package-lock.json']) utimesSync(join(to, name), 1, 1)
  symlinkSync(join(projectRoot, 'node_modules'), join(to, 'node_modules'))
  return to
}

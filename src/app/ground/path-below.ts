import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { maybeLinked } from '../../domain/roadmap/off-limits.js'
import { realPathOr } from '../../platform/files/real-path.js'

/** Paths below the root that are read as configuration under another name: a prompt template, and what links lead to. */
export async function readAsConfiguration(root: string, prompt: string | undefined): Promise<string[]> {
  const links = maybeLinked.map((name) => join(root, name))
  const paths = prompt === undefined ? links : [...links, resolve(root, prompt)]
  const below = await Promise.all(paths.map((path) => pathBelow(root, path)))
  const plain = new Set<string | undefined>([undefined, ...maybeLinked])
  return [...new Set(below)].filter((path) => path !== undefined && !plain.has(path)) as string[]
}

/** A path below the root, on resolved paths; undefined for the root and for what is outside. */
export async function pathBelow(root: string, path: string): Promise<string | undefined> {
  const below = relative(await realPathOr(root), await realPathOr(path))
  return below === '' || below.startsWith(`..${sep}`) || below === '..' || isAbsolute(below) ? undefined : below
}

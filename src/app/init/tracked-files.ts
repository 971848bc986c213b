import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isPlainDirectory } from '../../domain/project/project.js'
import { readNames, type ProjectTree } from '../../domain/project/tools.js'
import { git, type GitPlace } from '../../platform/git/git.js'
import { readWhole } from '../../platform/files/read-whole.js'

/** Lock files of large projects have some megabytes. */
const maxBytes = 16 * 1024 * 1024

/** The files that agents and gates would find: those that git tracks, or all where there is no repository yet. */
export async function trackedFiles(root: string, place: GitPlace | undefined): Promise<readonly string[]> {
  const listed = place && (await git(place, ['ls-files', '-z', '--cached']))
  if (listed?.ok) return listed.value.split('\0').filter((path) => path !== '')
  return filesBelow(root)
}

/** The files right in a directory, and in those right below it. */
async function filesBelow(root: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await entriesOf(root)) {
    if (entry.isFile()) found.push(entry.name)
    if (!entry.isDirectory() || !isPlainDirectory(entry.name)) continue
    const inside = await entriesOf(join(root, entry.name))
    found.push(...inside.filter((one) => one.isFile()).map(({ name }) => `${entry.name}/${name}`))
  }
  return found
}

function entriesOf(directory: string) {
  return readdir(directory, { withFileTypes: true }).catch(() => [])
}

/** More directories than this are not looked into. */
const maxDirectories = 50

/** The root of a project, and the directories right below it. */
export async function projectTrees(
  root: string,
  files: readonly string[],
): Promise<{ readonly root: ProjectTree; readonly below: ReadonlyMap<string, ProjectTree> }> {
  const names = new Set(files.flatMap((path) => (path.includes('/') ? [path.slice(0, path.indexOf('/'))] : [])))
  const below = new Map<string, ProjectTree>()
  for (const name of [...names].filter(isPlainDirectory).slice(0, maxDirectories)) {
    const inside = files.flatMap((path) => (path.startsWith(`${name}/`) ? [path.slice(name.length + 1)] : []))
    below.set(name, await projectTree(join(root, name), inside))
  }
  return { root: await projectTree(root, files), below }
}

async function projectTree(directory: string, files: readonly string[]): Promise<ProjectTree> {
  const known = new Set(files)
  const texts = new Map<string, string>()
  for (const name of readNames) if (known.has(name)) texts.set(name, await textOf(join(directory, name)))
  return {
    has: (path) => known.has(path),
    hasNamed: (pattern) => files.some((path) => pattern.test(path.slice(path.lastIndexOf('/') + 1))),
    text: (path) => texts.get(path) ?? '',
  }
}

async function textOf(path: string): Promise<string> {
  const bytes = await readWhole(path, maxBytes)
  return bytes.ok ? new TextDecoder().decode(bytes.value) : ''
}

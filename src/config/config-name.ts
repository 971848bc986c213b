import { readdir } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import type { Problem } from '../domain/roadmap/problem.js'
import { err, ok, type Result } from '../domain/result.js'
import { cleanLine } from '../domain/text.js'
import { realPathOr } from '../platform/files/real-path.js'

/** The configuration file, at the root of the repository worked on; one of the two. */
export const configNames = ['autopilot.yaml', 'autopilot.yml'] as const

/** As messages call it, and as it is called where there is none yet. */
export const [configName] = configNames

/** What somebody took for the name; a file that is read over would leave the run without its gates. */
const alike = /^\.?autopilot\.(?:ya?ml|jsonc?|toml)$/i

/** The name of the configuration file of a directory; undefined when it has none. */
export async function findConfig(directory: string): Promise<Result<string | undefined, Problem[]>> {
  const names = await namesAlike(directory)
  const wrong = names.filter((name) => !isConfigName(name))
  if (wrong.length > 0) return err(wrong.map(misnamed))
  if (names.length <= 1) return ok(names[0])
  const text = `${configNames.join(' and ')} both exist, but there can be only one`
  return err([problem(configNames[1], text, `put everything into ${configName} and remove the other`)])
}

/**
 * Configuration files in these subdirectories, where none is read: next to a roadmap, for example. Directories of
 * other repositories are ignored.
 */
export async function misplacedConfigs(directories: readonly string[], root: string): Promise<Problem[]> {
  const realRoot = await realPathOr(root)
  const below = await Promise.all(directories.map(async (path) => relative(realRoot, await realPathOr(path))))
  const inside = [...new Set(below)].filter((path) => path !== '' && path.split(sep)[0] !== '..' && !isAbsolute(path))
  const found = await Promise.all(
    inside.map(async (path) => (await namesAlike(join(realRoot, path))).map((name) => join(path, name))),
  )
  const help = `put settings into ${configName} at the root, ${cleanLine(root, 300)}; to run a gate in a subdirectory, use its cwd:`
  return found
    .flat()
    .map((path) => problem(path, 'a configuration file is read only at the root of the repository', help))
}

function isConfigName(name: string): boolean {
  return configNames.some((known) => known === name)
}

function misnamed(name: string): Problem {
  const isYaml = !/toml$/i.test(name)
  const help = isYaml ? `rename it to ${configName}` : `write its settings into ${configName}, as YAML`
  const json = /jsonc?$/i.test(name) ? ' (JSON can be read as YAML)' : ''
  return problem(name, `${name} is not read: the configuration file is ${configName}`, help + json)
}

/** In order, so that messages are the same everywhere. */
async function namesAlike(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.flatMap((entry) => (alike.test(entry.name) && !entry.isDirectory() ? [entry.name] : [])).sort()
  } catch {
    // What cannot be listed may still be read by its name.
    return [configName]
  }
}

function problem(file: string, text: string, help: string): Problem {
  return { severity: 'error', code: 'E107', text, help, position: { file, line: 1, column: 1 } }
}

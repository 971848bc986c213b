import { join } from 'node:path'
import type { Problem } from '../domain/roadmap/problem.js'
import { err, ok, type Result } from '../domain/result.js'
import { isFile } from '../platform/files/read-whole.js'
import { problemAt } from '../domain/roadmap/source.js'

/** Where roadmaps are looked for; names of one rank must not stand side by side. */
const ranks = [['roadmap.yaml', 'roadmap.yml', 'roadmap.json'], ['state/roadmap.yaml']] as const

/** Finds the roadmap of a directory by its default names; E001 when there is none, E006 when there are several. */
export async function findRoadmap(directory: string): Promise<Result<string, Problem>> {
  for (const names of ranks) {
    const files: string[] = []
    for (const name of names) if (await isFile(join(directory, name))) files.push(name)
    if (files.length === 1) return ok(join(directory, files[0] ?? ''))
    if (files.length > 1) return err(several(directory, files))
  }
  const text = `no roadmap in ${directory}`
  const help = `looked for ${ranks.flat().join(', ')}; name one: autopilot run FILE`
  return err(problemAt('E001', { file: directory, line: 1, column: 1 }, text, { help }))
}

function several(directory: string, files: readonly string[]): Problem {
  const position = { file: join(directory, files[0] ?? ''), line: 1, column: 1 }
  const text = `more than one roadmap here: ${files.join(', ')}`
  return problemAt('E006', position, text, { help: `name one: autopilot run ${files[0] ?? ''}` })
}

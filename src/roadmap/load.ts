import { compareProblems, type Problem } from '../domain/roadmap/problem.js'
import { err, ok, type Result } from '../domain/result.js'
import type { TaskGraph } from '../domain/roadmap/graph.js'
import type { Roadmap } from '../domain/roadmap/task.js'
import { readWhole } from '../platform/files/read-whole.js'
import { maxBytes } from './syntax/decode.js'
import type { ParsedRoadmap, ParseOptions } from './formats/contract.js'
import { parseRoadmap } from './formats/parse.js'
import type { ParseElsewhere } from './parse-off-thread.js'
import { problemAt } from '../domain/roadmap/source.js'

/** A roadmap fit to be run, with what writing statuses back needs. */
export interface LoadedRoadmap {
  /** The path that was read. */
  readonly path: string
  readonly options: ParseOptions
  readonly roadmap: Roadmap
  readonly graph: TaskGraph
  /** Warnings only, sorted by position. */
  readonly warnings: readonly Problem[]
  /** The file as it was read. */
  readonly bytes: Uint8Array
  readonly parsed: ParsedRoadmap
}

/** How a roadmap is loaded. */
export interface LoadOptions {
  /** The path as the user typed it, for messages. */
  readonly shownAs: string
  /** Further words for statuses, from the configuration. */
  readonly statuses?: Readonly<Record<string, string>>
  /** The names that `provider:` may have; without them every name is taken. */
  readonly providers?: readonly string[]
  /** Parses what is large, so that this thread need not stand; without it, all is parsed here. */
  readonly parseLarge?: ParseElsewhere
}

/** From so many bytes on, about 3,000 tasks, parsing takes longer than a thread's start. */
const large = 200_000

/** More errors than this are not shown at once. */
const maxShown = 20

/** Reads and checks a roadmap file; on failure the first 20 errors, sorted by position. */
export async function loadRoadmap(
  path: string,
  { shownAs, statuses, providers, parseLarge }: LoadOptions,
): Promise<Result<LoadedRoadmap, Problem[]>> {
  const bytes = await readWhole(path, maxBytes)
  if (!bytes.ok) return err([cannotRead(shownAs, bytes.error)])
  const options: ParseOptions = {
    file: shownAs,
    ...(statuses === undefined ? {} : { statuses }),
    ...(providers === undefined ? {} : { providers }),
  }
  const isLarge = parseLarge !== undefined && bytes.value.length >= large
  const parsed = isLarge ? await parseLarge(bytes.value, options) : parseRoadmap(bytes.value, options)
  const { roadmap, graph, problems } = parsed
  const errors = problems.filter(({ severity }) => severity === 'error').sort(compareProblems)
  if (errors.length > 0 || !roadmap || !graph) return err(errors.slice(0, maxShown))
  return ok({ path, options, roadmap, graph, warnings: problems, bytes: bytes.value, parsed })
}

const faults: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ELOOP: 'its symbolic links form a cycle',
}

function cannotRead(file: string, fault: string): Problem {
  const position = { file, line: 1, column: 1 }
  const help = 'name a roadmap: a YAML or JSON file with tasks:, epics: or milestones:'
  if (fault === 'too_big') return problemAt('E008', position, 'the file is too large: more than 10 MB', { help })
  return problemAt('E001', position, `cannot read ${file}: ${faults[fault] ?? fault}`, { help })
}

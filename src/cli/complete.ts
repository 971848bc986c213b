import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isRunId } from '../domain/name.js'
import { cleanLine } from '../domain/text.js'
import { typedValue, wantedAt, type CommandLineWords, type Source, type Wanted, type Word } from './completion-words.js'

/**
 * What the scripts of the shells understand in the last line: bits, as cobra has them. Source: spf13/cobra,
 * `ShellCompDirective`.
 */
const directives = { noFiles: 4, fileExtensions: 8, directories: 16, files: 0 } as const

/** Answers a shell that asks how a command line may go on: a word a line, and what it is behind a tab. */
export async function complete(words: readonly string[]): Promise<void> {
  const line = JSON.parse(readFileSync(join(import.meta.dirname, 'completions.json'), 'utf8')) as CommandLineWords
  const wanted = wantedAt(words, line)
  const typed = typedValue(words.at(-1) ?? '')
  process.stdout.write(answer(wanted.source, typed, await wordsOf(wanted)))
}

function answer(source: Source, typed: string, words: readonly Word[]): string {
  if (source.kind === 'files') {
    const { extensions } = source
    return extensions.length === 0
      ? `:${directives.files}\n`
      : `${extensions.join('\n')}\n:${directives.fileExtensions}\n`
  }
  if (source.kind === 'directories') return `:${directives.directories}\n`
  if (source.kind === 'anything') return `:${directives.files}\n`
  const fitting = words.filter(({ word }) => word.startsWith(typed) && isPlain(word))
  const lines = fitting.map(({ word, about }) => (about === '' ? word : `${word}\t${cleanLine(about, 80)}`))
  return [...lines, `:${directives.noFiles}`, ''].join('\n')
}

/** Shells put words on the command line as they are: nothing that a shell would read as more than a word may be among them. */
function isPlain(word: string): boolean {
  return /^[\p{L}\p{N}_-][\p{L}\p{N}._:@+/=-]*$/u.test(word)
}

async function wordsOf({ source, args, directory }: Wanted): Promise<readonly Word[]> {
  if (source.kind === 'words') return source.words
  if (source.kind === 'runs') return runs(resolve(directory))
  return source.kind === 'tasks' ? tasks(directory, args[0], source.groups) : []
}

/** More are no help. */
const maxRuns = 50

/** The runs of the work tree around a directory, the newest first: their ids begin with the time. */
function runs(directory: string): readonly Word[] {
  for (let place = directory; ; place = dirname(place)) {
    const ids = namesIn(join(place, '.autopilot', 'runs')).filter(isRunId)
    const newest = [...ids].sort().reverse().slice(0, maxRuns)
    if (newest.length > 0 || dirname(place) === place) return newest.map((word) => ({ word, about: '' }))
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Reading a larger one takes longer than a person waits for a key. */
const maxBytes = 2_000_000

async function tasks(directory: string, named: string | undefined, groups: boolean): Promise<readonly Word[]> {
  // Loaded only here: the reader of YAML is large.
  const { findRoadmap } = await import('../roadmap/find.js')
  const { loadRoadmap } = await import('../roadmap/load.js')
  const found = await findRoadmap(directory)
  const isFile = named !== undefined && /\.(?:ya?ml|json)$/i.test(named)
  const path = isFile ? named : found.ok ? found.value : undefined
  if (path === undefined || sizeOf(path) > maxBytes) return []
  const loaded = await loadRoadmap(path, { shownAs: path })
  if (!loaded.ok) return []
  const { roadmap } = loaded.value
  const all = [...roadmap.tasks, ...(groups ? roadmap.groups : [])]
  return all.map(({ id, title }) => ({ word: id, about: title }))
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

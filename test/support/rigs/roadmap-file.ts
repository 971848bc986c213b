import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { loadRoadmap, type LoadedRoadmap } from '../../../src/roadmap/load.js'
import { parseRoadmap } from '../../../src/roadmap/formats/parse.js'
import { createStatusWriter, type StatusWriter } from '../../../src/roadmap/write/write-back.js'

/** A roadmap on disk with a writer for it, and a count of the parses that the writer asked for. */
export interface RoadmapFile {
  readonly path: string
  readonly loaded: LoadedRoadmap
  readonly writer: StatusWriter
  parses: number
  read(): Promise<string>
}

/** Puts a roadmap into a directory of its own and loads it; a roadmap that does not load fails the test. */
export async function roadmapFile(content: string, name = 'roadmap.yaml'): Promise<RoadmapFile> {
  const path = join(await temporaryDirectory(), name)
  await writeFile(path, content)
  const loaded = await loadRoadmap(path, { shownAs: name })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error))
  const parse = (bytes: Uint8Array) => {
    file.parses++
    return Promise.resolve(parseRoadmap(bytes, loaded.value.options))
  }
  const file: RoadmapFile = {
    path,
    loaded: loaded.value,
    writer: createStatusWriter(loaded.value, { parse }),
    parses: 0,
    read: () => readFile(path, 'utf8'),
  }
  return file
}

/** The lines that differ, counted from the front and the back: replaced, inserted and removed ones alike. */
export function changedLines(before: string, after: string): { before: string[]; after: string[] } {
  const [a, b] = [before.split(/\r\n|\n|\r/), after.split(/\r\n|\n|\r/)]
  while (a.length > 0 && b.length > 0 && a[0] === b[0]) {
    a.shift()
    b.shift()
  }
  while (a.length > 0 && b.length > 0 && a.at(-1) === b.at(-1)) {
    a.pop()
    b.pop()
  }
  return { before: a, after: b }
}

/** A directory that goes away with the test. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'roadmap-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { longestLineBytes } from '../../platform/streams/lines.js'
import { readEnd } from '../../platform/streams/read-end.js'
import { readLines } from '../../platform/streams/read-lines.js'
import { sinkOf } from '../../ui/print/output.js'
import { drained } from '../../ui/print/stream.js'

/** Prints what the CLI of an attempt printed, turn by turn: its output on stdout, its complaints on stderr. */
export class RawOutput {
  /** How much of each file has been printed, bytes. */
  readonly #printed = new Map<string, number>()

  /** Prints what has come since the last call. `isLast`: also a line without its end. */
  async print(directory: string, isLast: boolean): Promise<void> {
    for (const name of await outputFiles(directory)) {
      const stream = name.startsWith('stderr') ? process.stderr : process.stdout
      await this.#printFile(join(directory, name), stream, isLast)
      await drained(stream)
    }
  }

  async #printFile(path: string, stream: NodeJS.WriteStream, isLast: boolean): Promise<void> {
    const sink = sinkOf(stream)
    const from = this.#printed.get(path) ?? 0
    const print = (line: string) => {
      sink.write(`${line}\n`)
      return true
    }
    const read = await readLines(path, print, from)
    const end = read.ok ? read.value : from
    this.#printed.set(path, end)
    if (!isLast) return
    const rest = await readEnd(path, { maxBytes: longestLineBytes, from: end })
    if (rest.ok && rest.value.text !== '') sink.write(rest.value.text)
  }
}

/** In the order in which the turns began. */
async function outputFiles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((): string[] => [])
  const files = names.filter((name) => /^(?:review-\d+-)?std(?:out|err)[^/]*\.log$/.test(name))
  const began = await Promise.all(
    files.map(async (name) => {
      const { birthtimeMs } = await stat(join(directory, name)).catch(() => ({ birthtimeMs: 0 }))
      return { name, birthtimeMs }
    }),
  )
  return began.sort((a, b) => a.birthtimeMs - b.birthtimeMs || (a.name < b.name ? -1 : 1)).map(({ name }) => name)
}

import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Adds a line to a text file unless it is there; a file that cannot be written stays as it is. */
export async function ensureLine(path: string, line: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '')
  if (text.split(/\r?\n/).includes(line)) return
  const start = text === '' || text.endsWith('\n') ? '' : '\n'
  await mkdir(dirname(path), { recursive: true }).catch(() => undefined)
  await appendFile(path, `${start}${line}\n`).catch(() => undefined)
}

import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Source: the Git LFS specification: content lies at `objects/<2>/<2>/<its SHA-256>`. */
const objectName = /^[0-9a-f]{64}$/

/**
 * Copies the content that Git LFS has stored in one place into another, if it isn't there yet: what an agent's own
 * commits point to, or had staged. The source may be an agent's: skips any file whose content doesn't match its name,
 * and follows no link. Throws what the file system throws on writing.
 */
export async function takeLfsObjects(from: string, to: string): Promise<void> {
  for (const top of await directoriesIn(join(from, 'objects'))) {
    for (const second of await directoriesIn(join(from, 'objects', top))) {
      const folder = join(from, 'objects', top, second)
      for (const name of await readdir(folder).catch(() => [])) {
        if (!objectName.test(name) || !name.startsWith(top + second)) continue
        await take(join(folder, name), join(to, 'objects', top, second), name)
      }
    }
  }
}

/** Directories whose names are two hexadecimal digits; none if something else is in the place of one. */
async function directoriesIn(path: string): Promise<string[]> {
  if (!(await lstat(path).catch(() => undefined))?.isDirectory()) return []
  return (await readdir(path).catch(() => [])).filter((name) => /^[0-9a-f]{2}$/.test(name))
}

async function take(from: string, folder: string, name: string): Promise<void> {
  const to = join(folder, name)
  if (await lstat(to).catch(() => undefined)) return
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  )
  if (source === undefined) return
  const fresh = join(folder, `${name}.${randomBytes(6).toString('hex')}`)
  try {
    if (!(await source.stat()).isFile()) return
    await mkdir(folder, { recursive: true })
    const hash = createHash('sha256')
    const target = await open(fresh, 'wx', 0o644)
    try {
      for await (const chunk of source.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
        hash.update(chunk)
        await target.writeFile(chunk)
      }
      await target.sync()
    } finally {
      await target.close()
    }
    if (hash.digest('hex') === name) await rename(fresh, to)
  } finally {
    await source.close()
    await rm(fresh, { force: true })
  }
}

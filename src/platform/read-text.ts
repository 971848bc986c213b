import { readFile } from 'node:fs/promises'
import { err, ok, type Result } from '../domain/result.js'

/** A small text file of the user's: undefined when it is not there, an error in words when it cannot be read. */
export async function readTextIfThere(path: string): Promise<Result<string | undefined, string>> {
  try {
    return ok(await readFile(path, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? ok(undefined) : err(code ?? message)
  }
}

import { err, ok, type Result } from '../../domain/result.js'
import { readWhole } from './read-whole.js'

/** Nobody writes a configuration or a prompt by hand that is larger: 1 MiB. */
const maxBytes = 1024 * 1024

/** A small text file of the user's: undefined when it is not there, an error in words when it cannot be read. */
export async function readTextIfThere(path: string): Promise<Result<string | undefined, string>> {
  const bytes = await readWhole(path, maxBytes)
  if (bytes.ok) return ok(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.value))
  if (bytes.error === 'ENOENT' || bytes.error === 'ENOTDIR') return ok(undefined)
  return err(bytes.error === 'too_big' ? 'it is larger than 1 MiB' : bytes.error)
}

import { accessSync, constants, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Script, constants as vm } from 'node:vm'

/**
 * Loads a bundled CommonJS file together with V8's compiled code from before, which saves a third of the start. A
 * process that `leaves` it writes that code next to the file when it exits, if it may write there: whoever can write
 * in that directory can change the program itself. V8 refuses compiled code of another V8 version.
 *
 * @param file - in ASCII, as esbuild writes it
 *
 * @param id - of the file's content: V8 compares only its length
 *
 * @param leaves - whether this process uses most of the file; what another process leaves would be of little use
 */
export function loadCached(file: string, { id, leaves }: { readonly id: string; readonly leaves: boolean }): unknown {
  const cache = join(dirname(file), `${id}-${process.arch}-${process.versions.v8}.cache`)
  const cachedData = readIfThere(cache)
  const script = new Script(
    `(function(exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`,
    {
      filename: file,
      importModuleDynamically: vm.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(cachedData ? { cachedData } : {}),
    },
  )
  // At the exit, since only then all is compiled that a run uses.
  const isMissing = cachedData === undefined || script.cachedDataRejected === true
  if (leaves && isMissing) process.once('exit', () => keep(script, cache))
  const module = { exports: {} }
  const run = script.runInThisContext() as (...parts: unknown[]) => void
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file))
  return module.exports
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function keep(script: Script, path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK)
    // In one step: another process may read it at this moment.
    writeFileSync(`${path}.${process.pid}`, script.createCachedData(), { flag: 'wx' })
    renameSync(`${path}.${process.pid}`, path)
  } catch {
    // The next start compiles again.
  }
}

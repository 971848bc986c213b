import { join } from 'node:path'
import { build } from 'esbuild'
import { projectRoot } from './program.js'
import { tempDir } from './temp-dir.js'

/** Makes a program from a few lines that may import the sources (`./src/…`); returns its file. */
export async function bundledProgram(contents: string): Promise<string> {
  const outfile = join(tempDir(), 'program.mjs')
  await build({
    stdin: { contents, resolveDir: projectRoot, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
  })
  return outfile
}

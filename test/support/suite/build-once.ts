import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Tests start the program as users do, from its bundle: it is built once, before all of them. */
export default function buildOnce(): void {
  execFileSync(process.execPath, ['.config/build.js'], { cwd: root, stdio: 'inherit' })
  // Installed by npm itself and not by make, which would install again under the tests that call it.
  const installed = `${root}node_modules/.installed`
  if (!existsSync(installed)) writeFileSync(installed, '')
}

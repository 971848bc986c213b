import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Tests start the program as users do, from its bundle: it is built once, before all of them. */
export default function buildOnce(): void {
  execFileSync(process.execPath, ['.config/build.js'], { cwd: root, stdio: 'inherit' })
}

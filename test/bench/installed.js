import { spawnSync } from 'node:child_process'

/** Whether a program answers `--version` with what is expected: there are two different programs called parallel. */
export function isInstalled(program, expected) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return expected.test(stdout ?? '')
}

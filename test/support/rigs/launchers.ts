import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLauncher, type Launcher, type LauncherOptions } from '../../../src/platform/processes/launcher.js'
import { until } from './until.js'

/** By whom processes are launched; what holds for one holds for the other. */
export const launchedBy = [
  { by: 'Node', open: () => Promise.resolve(undefined) },
  ...(existsSync('/proc/self/stat') ? [{ by: 'a launcher', open: () => openReadyLauncher() }] : []),
]

/** A launcher that takes what comes, from the first process on. */
export async function openReadyLauncher(options: Partial<LauncherOptions> = {}): Promise<Launcher> {
  const launcher = openLauncher({
    directory: mkdtempSync(join(tmpdir(), 'autopilot-test-')),
    leftToNode: 0,
    ...options,
  })
  const nothing = { file: '/bin/sh', args: ['-c', ':'], cwd: '/', env: { PATH: process.env.PATH ?? '' } }
  await until(async () => {
    const launched = await launcher.launch(nothing)
    launched?.go('')
    await launched?.ended
    return launched !== undefined
  }, 'the launcher has fifos')
  return launcher
}

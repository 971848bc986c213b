import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  openLauncher,
  type Launcher,
  type LauncherOptions,
} from '../../../src/platform/processes/launching/launcher.js'
import { until } from './until.js'

/** Who launches processes; what holds for one holds for the other. */
export const launchedBy = [
  { by: 'Node', open: () => Promise.resolve(undefined) },
  ...(existsSync('/proc/self/stat') ? [{ by: 'a launcher', open: () => openReadyLauncher() }] : []),
]

/** A launcher that takes processes from the first one on. */
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

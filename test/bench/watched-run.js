// A run of commands in a plain directory, with what autopilot's own process took for it.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runRoadmap } from './autopilot.js'

/**
 * @param {import('./stage.js').Stage} stage
 * @returns {Promise<{ cpu: number, stall: number, peak: number, written: number, treeMs: number }>} processor time of autopilot's
 *   own process and of the whole tree, the longest time that its event loop stood still (ms), its greatest memory (MB), bytes
 *   that it wrote to the disk
 */
export async function watchedRun(stage, { slots, commands }) {
  const directory = join(stage.dir, 'plain')
  mkdirSync(directory)
  const facts = join(stage.dir, 'main-thread.json')
  stage.env.BENCH_MAIN_THREAD = facts
  const preload = [pathToFileURL(join(stage.bench, 'main-thread.js')).href]
  const { cpuMs } = await runRoadmap(stage, directory, { slots, commands, isolation: 'none', preload })
  return { ...JSON.parse(readFileSync(facts, 'utf8')), treeMs: cpuMs }
}

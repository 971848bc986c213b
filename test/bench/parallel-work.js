// The three ways of running stand-in agents beside each other, for the benchmarks that differ in number and length.
import { join } from 'node:path'
import { commitsOn, smallRepository } from './small-repository.js'
import { roadmapText, runRoadmap, standIns } from './autopilot.js'
import { stageFile } from './stage.js'

const timesOf = ({ wallMs, cpuMs }) => ({ wall: [wallMs], cpu: [cpuMs] })

/** @param {import('./stage.js').Stage} stage */
export async function standInsAlone(stage, { slots, commands }) {
  const stdin = stageFile(stage, 'commands.json', JSON.stringify(commands))
  const script = join(stage.bench, 'stand-ins-alone.js')
  return timesOf(await stage.execute(['node', script, String(slots)], { cwd: stage.tmp, stdin }))
}

/** @param {import('./stage.js').Stage} stage */
export async function xargsMerge(stage, { slots, count, seconds }) {
  const root = smallRepository(stage, roadmapText(standIns(count, seconds)))
  const script = join(stage.bench, 'xargs-merge.sh')
  return timesOf(await stage.execute(['sh', script, String(slots), String(seconds), String(count)], { cwd: root }))
}

/** A run in workspaces; returns its root, too, for callers that read the journal. */
export async function runInWorkspaces(stage, { slots, commands }) {
  const root = smallRepository(stage, roadmapText(commands))
  const measured = await runRoadmap(stage, root, { slots, commands })
  const arrived = commitsOn(stage, root, 'autopilot/main')
  if (arrived !== commands.length) throw new Error(`${arrived} of ${commands.length} commits arrived`)
  return { root, measured, times: timesOf(measured) }
}

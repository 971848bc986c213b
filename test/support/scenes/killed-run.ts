import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '../../../src/domain/run/event.js'
import type { Running } from '../rigs/program.js'
import type { Scene } from './scene.js'
import { until } from '../rigs/until.js'

function journalsDir({ repo }: Scene): string {
  return join(repo.dir, '.autopilot', 'runs')
}

/** The ids of all runs, oldest first: two of one second differ in a random part only, so ids don't tell. */
export function runsOf(stage: Scene): readonly string[] {
  if (!existsSync(journalsDir(stage))) return []
  const beganMs = (run: string) => statSync(join(journalsDir(stage), run)).birthtimeMs
  return readdirSync(journalsDir(stage)).sort((one, other) => beganMs(one) - beganMs(other))
}

/** Path of a run's journal; without an id, of the first run's. */
export function journalOf(stage: Scene, run = runsOf(stage)[0]!): string {
  return join(journalsDir(stage), run, 'journal.jsonl')
}

/** What the journal of the first run has. */
export function recordsOf(stage: Scene): readonly RunRecord[] {
  const lines = readFileSync(journalOf(stage), 'utf8').split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line) as RunRecord)
}

/** Waits until the journal of the first run has a line that fits. */
export function journalHas(stage: Scene, line: RegExp): Promise<void> {
  const has = () => {
    const [run] = runsOf(stage)
    return run !== undefined && existsSync(journalOf(stage)) && line.test(readFileSync(journalOf(stage), 'utf8'))
  }
  return until(has, `the journal has ${String(line)}`)
}

/** Kills autopilot as nobody can prevent it, once its journal has a line that fits. */
export async function killOnce(stage: Scene, running: Running, line: RegExp): Promise<void> {
  await journalHas(stage, line)
  running.kill('SIGKILL')
  await running.ended
}

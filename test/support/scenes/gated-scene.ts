import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '../../../src/domain/run/event.js'
import type { RecordOf } from '../rigs/program.js'
import { scene } from './rigged-scene.js'
import type { Scene, SceneOptions } from './scene.js'

/** A gate as `autopilot.yaml` has it. */
type GateEntry = string | Readonly<Record<string, string | boolean | readonly string[]>>

export interface GatedSceneOptions extends SceneOptions {
  readonly gates?: readonly GateEntry[]
  /** Further keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
}

/**
 * A scene whose `autopilot.yaml` has these gates. They judge tasks' work, and the base only if `config` says so, as
 * most gates here are made to fail until some work comes.
 */
export function gatedScene({ gates = [], config = {}, files, ...rest }: GatedSceneOptions): Scene {
  // JSON is YAML, too.
  const settings = JSON.stringify({ gates, base_gates: 'skip', ...config })
  return scene({ ...rest, files: { ...files, 'autopilot.yaml': settings } })
}

/** The verdicts of a run, in order. */
export function judgements(records: readonly RunRecord[]): readonly RecordOf<'gate_judged'>[] {
  return records.filter((record): record is RecordOf<'gate_judged'> => record.type === 'gate_judged')
}

/** Names of the logs that the gates of the only run left. */
export function gateLogs({ repo }: Scene): readonly string[] {
  const runs = join(repo.dir, '.autopilot', 'runs')
  return readdirSync(join(runs, readdirSync(runs)[0]!, 'gates'))
}

import type { CommitId, RunId, TaskId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import type { TemplateMasks } from '../../domain/secrets/env-template.js'
import type { TargetFacts } from '../../domain/run/event.js'
import type { LandedCommit } from '../../domain/roadmap/landed.js'
import type { Mask } from '../../domain/secrets/mask.js'
import type { BaseWatch } from '../../orchestration/landing/base-watch.js'
import type { Isolation } from '../../orchestration/place/isolation.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { RoomWatch } from '../../orchestration/place/room-watch.js'
import type { SlotCount } from '../../orchestration/place/workspaced.js'
import type { StopEarly } from '../../orchestration/stop-early.js'
import type { StartProcess } from '../../platform/processes/door.js'
import type { Watchdog } from '../../platform/processes/watchdog.js'
import type { AgentPool } from '../../pool/contract.js'
import { type EnvironmentOf } from '../../providers/environment.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import type { Location } from './location.js'
import type { Repository } from '../../workspace/contract.js'
import type { Config } from '../../config/config.js'
import { type HistoryParts } from './history.js'
import type { RunSettings } from '../../config/settings.js'

/** The ground that a run stands on: made ready, nothing started. */
export interface Ground {
  readonly root: string
  /** `.autopilot/runs/<id>`, absolute. */
  readonly runDir: string
  readonly target?: TargetFacts
  /** Commits whose histories tell what has landed there. */
  readonly tips: readonly CommitId[]
  /** The roadmap's path below the root, which agents must leave alone. */
  readonly leaveOut: readonly string[]
  /** What else agents must leave alone, in words for them; without isolation nobody checks it. */
  readonly offLimits: readonly string[]
  /** The commits on the target that a run before this one has brought under a task's id, the last first. */
  readonly landed: (taskId: TaskId) => readonly LandedCommit[]
  readonly warnings: readonly string[]
  /** Where the roadmap and what git knows of its tasks differ. */
  readonly history: (parts: HistoryParts) => Promise<readonly string[]>
  /** Absent without isolation. */
  readonly repository?: Repository
  /** Lets go of what it holds of the repository. */
  readonly close: () => Promise<void>
  isolate(parts: IsolateParts): Isolation
}

export interface GroundOptions {
  readonly settings: RunSettings
  readonly config: Config
  readonly mask: Mask
  readonly maskAt: TemplateMasks['at']
  readonly location: Location
  readonly loaded: LoadedRoadmap
  readonly runId: RunId
  /** The run began earlier. */
  readonly isResumed: boolean
  readonly env: Environment
  readonly environmentOf: EnvironmentOf
}

export interface IsolateParts {
  readonly pool: Pick<AgentPool, 'prepared' | 'setPrepared' | 'shut'>
  readonly recorder: Recorder
  readonly base: BaseWatch
  readonly room: RoomWatch
  readonly stopEarly: StopEarly
  readonly start: StartProcess
  /** Ends what works in the run's workspaces if autopilot dies. */
  readonly watchdog: Pick<Watchdog, 'own' | 'disown'>
  /** How many slots there are, and a way to hear when that changes. */
  readonly slots: SlotCount
  readonly signal: AbortSignal
  /** Of a run that is resumed: the highest number that one of its workspaces has; else 0. */
  readonly numberedTo: number
}

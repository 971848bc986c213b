import type { CommitId, EpochMs, MonotonicMs, RunId, TaskId, TreeId } from '../../src/domain/brand.js'

/* Values as a test writes them, which in the program come from a clock, a roadmap, git or a journal. */

export const epochMs = (ms: number) => ms as EpochMs
export const monotonicMs = (ms: number) => ms as MonotonicMs
export const taskId = (id: string) => id as TaskId
export const runId = (id: string) => id as RunId
export const commitId = (id: string) => id as CommitId
export const treeId = (id: string) => id as TreeId

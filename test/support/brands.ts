import type { CommitId, EpochMs, MonotonicMs, TreeId } from '../../src/domain/brand.js'

/* Values as a test writes them, which in the program come from a clock, a roadmap, git or a journal. */

export const epochMs = (ms: number) => ms as EpochMs
export const monotonicMs = (ms: number) => ms as MonotonicMs
export const commitId = (id: string) => id as CommitId
export const treeId = (id: string) => id as TreeId

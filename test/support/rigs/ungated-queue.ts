import { taskId } from '../brands.js'
import { ok, type Result } from '../../../src/domain/result.js'
import type { Failure } from '../../../src/domain/agent/failure.js'
import { createMergeQueue, type MergeQueueParts } from '../../../src/orchestration/landing/merge-queue.js'
import type { Candidate, Landed, Repository, Target } from '../../../src/workspace/contract.js'

/** The merge queue of a run without gates. */
export function ungatedQueue(
  repository: Repository,
  target: Target,
): (candidate: Candidate) => Promise<Result<Landed, Failure>> {
  const integrate = createMergeQueue({ repository, target, verifier: noGates, gateJobs: 1, mergeBatch: 16 })
  return (candidate) =>
    integrate({
      ...candidate,
      taskId: taskId('T1'),
      attempt: 1,
      priority: 0,
      gates: [],
      onGates: () => undefined,
      onJudged: () => undefined,
    })
}

const noGates: MergeQueueParts['verifier'] = {
  known: () => 'passed',
  verify: () => Promise.resolve(ok(undefined)),
  verifyAgain: () => Promise.reject(new Error('there is nothing to judge again')),
}

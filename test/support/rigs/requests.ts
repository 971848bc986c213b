import type { ReviewRequest, WorkRequest } from '../../../src/providers/adapter/contract.js'

/** What an agent is told, where a test does not care. */
export function workRequest(more: Partial<WorkRequest> = {}): WorkRequest {
  return { cwd: '/', ownDir: '/logs/cli', prompt: 'Do it.', permissions: 'edit', allow: [], asRoot: false, ...more }
}

/** The same for a reviewer. */
export function reviewRequest(more: Partial<ReviewRequest> = {}): ReviewRequest {
  return { cwd: '/', ownDir: '/logs/cli', prompt: 'Judge it.', schema: '{}', asRoot: false, ...more }
}

import { runId } from '../brands.js'
import type { BerthsOptions } from '../../../src/workspace/lease/berths.js'
import type { Repository } from '../../../src/workspace/contract.js'

/** Berths of the agents of a run, below a directory of the test's. */
export function berthOptions({ root, commonDir }: Pick<Repository, 'root' | 'commonDir'>, home: string): BerthsOptions {
  return { home, use: 'agents', runId: runId('run1'), root, commonDir }
}

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GitOptions } from '../../platform/git/git.js'
import type { Repository, UserCone } from '../contract.js'
import type { TreePlace } from './in-the-way.js'
import { readUntrusted } from '../git/untrusted-file.js'
import { isOn, type GitSetting } from '../git/user-config.js'

/** Undefined if the checkout isn't sparse. Source: git-sparse-checkout(1); cone mode is the default since git 2.37. */
export function readUserCone(settings: readonly GitSetting[]): UserCone | undefined {
  if (!isOn(settings, 'core.sparsecheckout', false)) return undefined
  return {
    isCone: isOn(settings, 'core.sparsecheckoutcone', true),
    hasSparseIndex: isOn(settings, 'index.sparse', false),
  }
}

/** How a command is to be called that moves the user's files. */
export interface TreeCall {
  readonly place: TreePlace
  /** Stand before the command. */
  readonly settings: readonly string[]
  readonly options: GitOptions
}

const maxBytes = 16 * 1024 * 1024

/**
 * Applies the user's cone to a command on their files: what lands outside it is recorded in the index and not written.
 * git looks for the patterns in its own directory, and collecting relies on there being none in the trusted one; so
 * there is another one next to it that has the current patterns and shares everything else. Throws what the file
 * system throws.
 */
export async function withUserCone(
  { cone, gitDir, commonDir, trusted }: Pick<Repository, 'cone' | 'gitDir' | 'commonDir' | 'trusted'>,
  place: TreePlace,
): Promise<TreeCall> {
  const everything: TreeCall = { place, settings: [], options: {} }
  if (cone === undefined) return everything
  const patterns = readUntrusted(join(gitDir, 'info', 'sparse-checkout'), maxBytes)
  // Without the file, git takes everything to be inside. One that cannot be read must not mean that.
  if (!patterns.ok) throw new Error(`info/sparse-checkout ${patterns.error.reason}`)
  if (patterns.value === undefined) return everything
  const own = join(commonDir, 'autopilot', 'sparse')
  await rm(own, { recursive: true, force: true })
  await mkdir(join(own, 'info'), { recursive: true, mode: 0o700 })
  await writeFile(join(own, 'HEAD'), 'ref: refs/heads/none\n', { mode: 0o600 })
  await writeFile(join(own, 'info', 'sparse-checkout'), patterns.value, { mode: 0o600 })
  const values = {
    'core.sparseCheckout': true,
    'core.sparseCheckoutCone': cone.isCone,
    'index.sparse': cone.hasSparseIndex,
  }
  return {
    place: { ...place, gitDir: own },
    settings: Object.entries(values).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    options: { env: { GIT_COMMON_DIR: trusted.gitDir } },
  }
}

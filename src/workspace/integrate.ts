import { failure, type Failure } from '../domain/failure.js'
import { err, ok, type Result } from '../domain/result.js'
import { git, type GitFailure } from '../platform/git.js'
import type { Candidate, Landed, Repository, Target } from './contract.js'
import { gitFailed, mergeTrees } from './merge.js'
import { moveTarget } from './move-target.js'
import { commitTree } from './sessions.js'

/** How often a landing starts again because somebody else moved the target meanwhile. */
const maxRounds = 8

/** Brings one candidate to the target. A conflict is a failure of kind `conflict` with the paths. */
export type Integrate = (candidate: Candidate) => Promise<Result<Landed, Failure>>

/** Makes the integrator of a run: it lands candidates one at a time, in the order they are given. */
export function createIntegrator(repository: Repository, target: Target): Integrate {
  let last: Promise<unknown> = Promise.resolve()
  return (candidate) => {
    const landing = last.then(() => integrate(repository, target, candidate))
    // A bug in one landing is its caller's to report; the next candidate still gets its turn.
    last = landing.catch(() => undefined)
    return landing
  }
}

/** A commit that may become the target's tip. */
export interface Ready {
  readonly commit: string
  readonly tree: string
}

async function integrate(
  repository: Repository,
  target: Target,
  candidate: Candidate,
): Promise<Result<Landed, Failure>> {
  const single = await singleParent(repository, candidate)
  if (!single.ok) return gitFailed(single.error)
  for (let round = 1; ; round++) {
    const previous = target.tip
    const ready = await placeOn(repository, target, single.value, candidate)
    if (!ready.ok) return ready
    const { commit, tree } = ready.value
    const verified = await candidate.verify?.(ready.value)
    if (verified && !verified.ok) return verified
    const move = await moveTarget(repository, target, commit)
    if (!move.ok) return move
    if (move.value.type === 'moved') return ok({ commit, previous, tree })
    if (round >= maxRounds) return err(move.value.why)
  }
}

/**
 * What is merged is a commit of the candidate's tree whose only parent is the attempt's base, whatever history the
 * agent left: so a task is one commit on the target. A candidate that is one already is used as it is.
 */
export async function singleParent(
  repository: Repository,
  wanted: Omit<Candidate, 'verify'>,
): Promise<Result<Ready, GitFailure>> {
  const { candidate, base, message } = wanted
  const known = wanted.made ? ok({ commit: candidate, ...wanted.made }) : await readCommit(repository, candidate)
  if (!known.ok) return known
  const { commit, tree, parents } = known.value
  if (parents.length === 1 && parents[0] === base) return ok({ commit, tree })
  const made = await commitTree(repository, tree, [base], message)
  return made.ok ? ok({ commit: made.value, tree }) : made
}

async function readCommit({ trusted }: Repository, name: string) {
  const ids = await git(trusted, ['rev-parse', `${name}^{commit}`, `${name}^{tree}`, `${name}^@`])
  if (!ids.ok) return ids
  const [commit = '', tree = '', ...parents] = ids.value.split('\n')
  return ok({ commit, tree, parents })
}

/** The commit itself when the target still stands at its base; else the merge of both, as one commit on the target's tip. */
async function placeOn(
  repository: Repository,
  { tip, branch }: Target,
  single: Ready,
  { base, message }: Candidate,
): Promise<Result<Ready, Failure>> {
  if (tip === base) return ok(single)
  const merged = await mergeTrees(repository, tip, single.commit)
  if (!merged.ok) return gitFailed(merged.error)
  if ('conflict' in merged.value) {
    const { paths } = merged.value.conflict
    return err(failure('conflict', `git could not combine this with what is on ${branch}.`, { paths }))
  }
  const { tree } = merged.value
  const commit = await commitTree(repository, tree, [tip], message)
  return commit.ok ? ok({ commit: commit.value, tree }) : gitFailed(commit.error)
}

import type { CommitId, TreeId } from '../domain/brand.js'
import type { Failure } from '../domain/agent/failure.js'
import type { Verdict } from '../domain/landing/gate.js'
import { present } from '../domain/present.js'
import type { CheckOut, GatedTree } from './checkout.js'

export interface SetupJudgeParts {
  readonly checkOut: CheckOut
  /** The target's tip: what also fails there is not the work's fault. */
  readonly tip: () => CommitId
}

/**
 * Tells whether it is a tree's fault that setup has failed on it. `passed`: it was chance, setup has passed since;
 * `failed`: setup has failed twice on the tree, and has passed on the target's tip since; `errored`: all else.
 */
export interface SetupJudge {
  judge(gated: GatedTree, first: Failure): Promise<Verdict>
  /** What is known of a tree: that setup fails on it. */
  known(tree: TreeId): Promise<Verdict> | undefined
}

/** Gates that meet the same trouble at once share a verdict, and a tree that has failed is not set up again. */
export function createSetupJudge({ checkOut, tip }: SetupJudgeParts): SetupJudge {
  const verdicts = new Map<string, Promise<Verdict>>()

  const decide = async ({ commit }: GatedTree): Promise<Verdict> => {
    const second = await trouble(checkOut, commit)
    if (second === undefined) return { type: 'passed' }
    const top = tip()
    if (!second.inSetup || top === commit) return errored(second, withoutStop(second))
    const there = await trouble(checkOut, top)
    if (there !== undefined) return errored(there, `${withoutStop(there)} (also on the target's tip)`)
    const { detail = '', log } = second
    return { type: 'failed', message: withoutStop(second), tail: detail, inSetup: true, ...present({ log }) }
  }

  return {
    async judge(gated, first) {
      if (!first.inSetup) return errored(first, first.message)
      const verdict = verdicts.get(gated.tree) ?? decide(gated)
      verdicts.set(gated.tree, verdict)
      const decided = await verdict
      if (decided.type !== 'failed') verdicts.delete(gated.tree)
      return decided
    },
    known: (tree) => verdicts.get(tree),
  }
}

function errored({ log }: Failure, message: string): Verdict {
  return { type: 'errored', message, ...present({ log }) }
}

/** What keeps a commit from being set up in a fresh place. */
async function trouble(checkOut: CheckOut, commit: CommitId): Promise<Failure | undefined> {
  const checkout = await checkOut(commit, { fresh: true })
  if (!checkout.ok) return checkout.error
  checkout.value.release()
  return undefined
}

/** Stands inside a sentence. */
function withoutStop({ message }: Failure): string {
  return message.replace(/\.$/, '')
}

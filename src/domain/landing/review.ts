import type { TaskId, TreeId } from '../brand.js'
import { formatProviderModel, type ProviderModel } from '../agent/provider-model.js'
import { commandProvider } from '../routing/routing.js'

/** A gate where an agent, not a command, judges the change before it lands. */
export interface Review {
  /** How it is shown. */
  readonly name: string
  /** Who is asked, in order of preference. */
  readonly reviewers: readonly ProviderModel[]
  /** What the change must fulfil, besides what its task says. */
  readonly criteria: readonly string[]
  /** A review that takes longer has errored. */
  readonly timeoutMs: number
}

/** What a reviewer said of a change. */
export interface ReviewAnswer {
  readonly verdict: 'approve' | 'reject'
  /** A rejection has at least one. */
  readonly reasons: readonly string[]
}

/**
 * Who may review the work of `author`, best first: those that the review names, then all other usable ones with their
 * default models; the author's own provider only when it is the only usable one.
 */
export function reviewersFor(
  { reviewers }: Pick<Review, 'reviewers'>,
  author: string,
  usable: readonly string[],
): readonly ProviderModel[] {
  const agents = usable.filter((provider) => provider !== commandProvider)
  const others = agents.filter((provider) => provider !== author)
  const allowed = others.length > 0 ? others : agents
  const named = reviewers.filter(({ provider }) => allowed.includes(provider))
  const unnamed = allowed.filter((provider) => named.every((one) => one.provider !== provider))
  return [...named, ...unnamed.map((provider) => ({ provider }))]
}

/**
 * Who is asked next, after earlier tries failed: the best provider among those asked least. Undefined if nobody is
 * left.
 */
export function nextReviewer(
  reviewers: readonly ProviderModel[],
  tried: readonly ProviderModel[],
): ProviderModel | undefined {
  const count = (is: (reviewer: ProviderModel) => boolean) => tried.filter(is).length
  const asked = (reviewer: ProviderModel) =>
    // The provider weighs more than the model: no review has three tries of both.
    1000 * count(({ provider }) => provider === reviewer.provider) +
    count((other) => formatProviderModel(other) === formatProviderModel(reviewer))
  const least = Math.min(...reviewers.map(asked))
  return reviewers.find((reviewer) => asked(reviewer) === least)
}

/** What decides a review's verdict; equal keys need no second review. */
export function reviewKey(tree: TreeId, taskId: TaskId, review: Review, reviewer: ProviderModel): string {
  return JSON.stringify([tree, taskId, review.criteria, formatProviderModel(reviewer)])
}

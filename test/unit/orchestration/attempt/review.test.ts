import { expect, test } from 'vitest'
import { commitId, taskId, treeId } from '../../../support/brands.js'
import { noEvidence } from '../../../../src/domain/agent/attempt.js'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import { ok } from '../../../../src/domain/result.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import type { Review } from '../../../../src/domain/landing/review.js'
import { createReviewing, type ReviewingParts } from '../../../../src/orchestration/attempt/review.js'
import type { Harvested, OpenPlace } from '../../../../src/orchestration/place/isolation.js'
import { claude } from '../../../../src/providers/claude/provider.js'
import { commandOf } from '../../../../src/providers/command-of.js'
import { prototype } from '../../../support/fakes/prototype-provider.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import { taskOf } from '../../../support/rigs/task.js'
import { reviewRequest, workRequest } from '../../../support/rigs/requests.js'

const candidate: Harvested = {
  commit: commitId('c0ffee'),
  tree: treeId('7ree'),
  parents: [],
  ref: 'refs/x',
  base: commitId('ba5e'),
}

/** Has work of `author` reviewed, with these providers usable, and returns who was asked and the result. */
async function reviewed(author: string, usable: readonly string[], review: Partial<Review> = {}) {
  const asked: string[] = []
  const records: RunEvent[] = []
  const open = {
    judge: () => Promise.resolve(ok(undefined)),
    show: () => Promise.resolve(ok({ root: '/', diff: () => Promise.resolve(''), release: () => undefined })),
  } as unknown as OpenPlace
  const parts = {
    ...{ clock: virtualClock(), mask: noMask, signal: new AbortController().signal },
    recorder: { record: (event: RunEvent) => (records.push(event), Promise.resolve()) },
    findProvider: (name: string) => (name === 'prototype' ? prototype : name === 'claude' ? claude : undefined),
    reviews: [{ name: 'sense', reviewers: [], criteria: [], timeoutMs: 1000, ...review }],
    usable: () => usable,
    signalOf: () => new AbortController().signal,
    reserve: (_task: unknown, { provider }: { readonly provider: string }) => {
      asked.push(provider)
      return Promise.resolve({ reason: 'unservable' })
    },
  } as unknown as ReviewingParts
  const verdict = await createReviewing(parts)(
    { id: { taskId: taskId('t'), attempt: 1 }, task: taskOf('t'), agent: { provider: author } },
    open,
    candidate,
  )
  return { asked, verdict, judged: records.flatMap((one) => (one.type === 'gate_judged' ? one.verdict : [])) }
}

test('a provider that cannot review is never chosen, whether it is named or the only other one', async () => {
  expect((await reviewed('claude', ['claude', 'prototype'])).asked).toEqual(['claude', 'claude', 'claude'])
  const named = await reviewed('claude', ['prototype', 'claude'], { reviewers: [{ provider: 'prototype' }] })
  expect(named.asked).toEqual(['claude', 'claude', 'claude'])
  expect(named.judged).toEqual(['errored'])
  const other = await reviewed('prototype', ['prototype', 'claude'])
  expect(other.asked).toEqual(['claude', 'claude', 'claude'])
})

test('if nobody can review, nobody is asked and nothing is approved', async () => {
  const { asked, verdict } = await reviewed('prototype', ['prototype'])
  expect(asked).toEqual([])
  expect(verdict).toMatchObject({ ok: false, error: { kind: 'infrastructure' } })
})

test('using what a provider may lack does not compile without asking first, and is a bug if it happens all the same', () => {
  const request = workRequest()
  // @ts-expect-error it may not be there
  expect(() => prototype.review.answer(noEvidence)).toThrow()
  // @ts-expect-error it may not be there
  expect(() => prototype.resume.command(request, 'id')).toThrow()
  expect(() => commandOf(prototype, { type: 'work', request, conversation: 'id' })).toThrow(/cannot do/)
  expect(() => commandOf(prototype, { type: 'review', request: reviewRequest() })).toThrow(/cannot do/)
})

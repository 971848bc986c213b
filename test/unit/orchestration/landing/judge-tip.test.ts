import { expect, test } from 'vitest'
import { commitId, monotonicMs } from '../../../support/brands.js'
import type { Gate, Verdict } from '../../../../src/domain/landing/gate.js'
import { ok } from '../../../../src/domain/result.js'
import { judgeTip } from '../../../../src/orchestration/landing/judge-tip.js'
import { createVerifier } from '../../../../src/verify/verifier.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

const passed: Verdict = { type: 'passed' }
const failed: Verdict = { type: 'failed', message: 'exit code 1', tail: 'broke', log: '/logs/1.log' }
const errored: Verdict = { type: 'errored', message: 'no process' }
const gates: readonly Gate[] = ['lint', 'test'].map((run) => ({ name: run, run, timeoutMs: 1000 }))

/** A repository, and gates that give these verdicts, one after the other; the last one repeats. */
async function stage(verdicts: Readonly<Record<string, readonly Verdict[]>>, { isMoot = false } = {}) {
  const repo = gitRepo()
  const repository = await openRepo(repo)
  const runs: string[] = []
  const flaky: string[] = []
  const stop = new AbortController()
  const verifier = createVerifier({
    checkOut: (commit) => Promise.resolve(ok({ root: commit, release: () => undefined })),
    judge: ({ run }) => {
      const said = verdicts[run] ?? [passed]
      const before = runs.filter((one) => one === run).length
      runs.push(run)
      return Promise.resolve(said[Math.min(before, said.length - 1)]!)
    },
    tip: () => commitId('c-tip'),
    limited: (step) => step(1),
    monotonic: () => monotonicMs(0),
    signal: stop.signal,
  })
  const parts = { repository, verifier, gates, signal: stop.signal, monotonic: () => monotonicMs(0) }
  const judge = (commit: string) =>
    judgeTip(commitId(commit), () => isMoot, { ...parts, onFlaky: (gate) => flaky.push(gate) })
  return { repo, base: repository.head.commit, runs, flaky, stop, judge }
}

test('a gate that fails twice is red, with what it printed last; one that passes the second time is flaky', async () => {
  const { base, runs, flaky, judge } = await stage({ lint: [failed, passed], test: [failed] })
  expect(await judge(base)).toMatchObject({
    red: [{ name: 'test' }],
    facts: {
      ...{ commit: base, verdict: 'failed' },
      gates: [{ gate: 'test', message: 'exit code 1', tail: 'broke', log: '/logs/1.log' }],
    },
  })
  expect([...runs].sort()).toEqual(['lint', 'lint', 'test', 'test'])
  expect(flaky).toEqual(['lint'])
})

test('a verdict is remembered by tree: another commit of the same tree runs nothing, another tree does', async () => {
  const { repo, base, runs, judge } = await stage({ test: [failed] })
  const first = await judge(base)
  expect(runs).toHaveLength(3)
  const same = await judge(repo.git('commit-tree', `${base}^{tree}`, '-p', base, '-m', 'the same'))
  expect([same, runs.length]).toMatchObject([{ red: [{ name: 'test' }], facts: { verdict: 'failed' } }, 3])
  expect(first).toMatchObject({ red: [{ name: 'test' }] })
  await judge(commitOn(repo, base, { other: '' }))
  expect(runs).toHaveLength(6)
})

test.each([
  ['at first', [errored]],
  ['the second time', [failed, errored]],
])('a gate that could not be run %s is not red', async (_, said) => {
  const { base, judge } = await stage({ test: said })
  const facts = { verdict: 'errored', gates: [{ gate: 'test', message: 'no process' }] }
  expect(await judge(base)).toMatchObject({ red: [], facts })
})

test('a failure is not run a second time once nobody needs the verdict, and then it says nothing', async () => {
  const { base, runs, judge } = await stage({ test: [failed] }, { isMoot: true })
  expect(await judge(base)).toEqual({ type: 'open' })
  expect(runs).toHaveLength(2)
})

test('a canceled run has no verdict, nor has a commit that does not exist', async () => {
  const { base, stop, judge } = await stage({ test: [failed] })
  expect(await judge('f'.repeat(40))).toEqual({ type: 'open' })
  stop.abort()
  expect(await judge(base)).toEqual({ type: 'open' })
})

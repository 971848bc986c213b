import { describe, expect, test } from 'vitest'
import { commitId, monotonicMs, treeId } from '../../support/brands.js'
import { failure } from '../../../src/domain/agent/failure.js'
import { gateKey, type Gate, type Verdict } from '../../../src/domain/landing/gate.js'
import { err, ok } from '../../../src/domain/result.js'
import { limit } from '../../../src/platform/limit.js'
import { createVerifier, type Judgement, type VerifierParts } from '../../../src/verify/verifier.js'
import { defer, type Deferred } from '../../support/fakes/agent-connection.js'
import { until } from '../../support/rigs/until.js'

const passed: Verdict = { type: 'passed' }
const failed = (tail: string): Verdict => ({ type: 'failed', message: 'exit code 1', tail })
const errored: Verdict = { type: 'errored', message: 'no process' }
const gate = (run: string): Gate => ({ name: run, run, timeoutMs: 1000 })
const keys = (...runs: string[]) => runs.map((run) => gateKey(gate(run)))

interface Begun {
  readonly run: string
  readonly commit: string
  readonly verdict: Deferred<Verdict>
}

/** A verifier whose gates give the verdicts of the test; checkouts are counted. */
function stage(change: Partial<VerifierParts> = {}) {
  const begun: Begun[] = []
  const judged: Judgement[] = []
  const stop = new AbortController()
  const checkouts = { made: 0, open: 0 }
  let ms = 0
  const verifier = createVerifier({
    checkOut: (commit) => {
      checkouts.made++
      checkouts.open++
      return Promise.resolve(ok({ root: `/${commit}`, release: () => (checkouts.open -= 1) }))
    },
    judge: ({ run }, root) => {
      const verdict = defer<Verdict>()
      begun.push({ run, commit: root.slice(1), verdict })
      return verdict.promise
    },
    tip: () => commitId('c-tip'),
    limited: (step) => step(1),
    monotonic: () => monotonicMs((ms += 5)),
    signal: stop.signal,
    ...change,
  })
  const by =
    (how: 'verify' | 'verifyAgain') =>
    (tree: string, ...runs: string[]) =>
      verifier[how]({ commit: commitId(`c-${tree}`), tree: treeId(tree) }, runs.map(gate), (judgement) =>
        judged.push(judgement),
      )
  const [verify, verifyAgain] = [by('verify'), by('verifyAgain')]
  const known = (tree: string, ...runs: string[]) => verifier.known(treeId(tree), runs.map(gate))
  /** Gives the verdict of the n-th gate that begins, once it has begun. */
  const say = async (index: number, verdict: Verdict) => {
    await until(() => begun.length > index, `gate ${index} begins`)
    begun[index]!.verdict.resolve(verdict)
  }
  return { verifier, begun, judged, stop, checkouts, verify, verifyAgain, known, say }
}

test('a tree without gates passes, and nothing is checked out for it', async () => {
  const { verify, checkouts } = stage()
  expect(await verify('t')).toEqual(ok(undefined))
  expect(checkouts.made).toBe(0)
})

test('all gates judge at once, each in a checkout of its own of the commit, which is given back', async () => {
  const { verify, begun, say, checkouts, judged } = stage()
  const result = verify('t', 'lint', 'test')
  await until(() => begun.length === 2, 'both gates begin')
  expect(begun.map(({ commit }) => commit)).toEqual(['c-t', 'c-t'])
  expect(checkouts).toEqual({ made: 2, open: 2 })
  await say(1, passed)
  await say(0, passed)
  expect(await result).toEqual(ok(undefined))
  expect(checkouts.open).toBe(0)
  expect(judged).toMatchObject([
    { gate: 'test', tree: 't', verdict: passed, remembered: false },
    { gate: 'lint', tree: 't', verdict: passed, remembered: false },
  ])
  expect(judged.every(({ durationMs }) => durationMs > 0)).toBe(true)
})

test('of several failed gates the first in their order is the reason, with the end of its output', async () => {
  const { verify, say, judged } = stage()
  const result = verify('t', 'lint', 'test', 'build')
  await say(0, passed)
  await say(2, failed('build broke'))
  await say(1, failed('test broke'))
  expect(await result).toEqual(
    err(
      failure('gate_failed', 'The gate test failed: exit code 1.', {
        detail: 'test broke',
        gates: keys('test', 'build'),
      }),
    ),
  )
  expect(judged).toHaveLength(3)
})

test('a failure without output has no detail, and a name from a roadmap is clean in it', async () => {
  const { verify, say } = stage()
  const result = verify('t', 'make\u001b[2J\nall')
  await say(0, failed(''))
  expect(await result).toEqual(
    err(failure('gate_failed', 'The gate make all failed: exit code 1.', { gates: keys('make\u001b[2J\nall') })),
  )
})

test.each([
  ['passed', passed],
  ['failed', failed('broke')],
])('a known verdict, %s, is given without a second run; another tree or command gets its own', async (_, said) => {
  const { verify, say, begun, judged, checkouts } = stage()
  const first = verify('t', 'test')
  await say(0, said)
  expect(await verify('t', 'test')).toEqual(await first)
  expect(begun).toHaveLength(1)
  expect(checkouts.made).toBe(1)
  expect(judged.map(({ remembered }) => remembered)).toEqual([false, true])
  expect(judged[1]).toMatchObject({ verdict: said, durationMs: 0 })
  const others = Promise.all([verify('u', 'test'), verify('t', 'lint')])
  await say(1, passed)
  await say(2, passed)
  expect(await others).toEqual([ok(undefined), ok(undefined)])
})

test('a verdict in the making is waited for, not made a second time', async () => {
  const { verify, say, begun, judged } = stage()
  const both = Promise.all([verify('t', 'test'), verify('t', 'test')])
  await say(0, passed)
  expect(await both).toEqual([ok(undefined), ok(undefined)])
  expect(begun).toHaveLength(1)
  expect(judged.map(({ remembered }) => remembered).sort()).toEqual([false, true])
})

test('a gate that could not be run is tried again, in a checkout of its own, and may still pass', async () => {
  const { verify, say, checkouts, judged } = stage()
  const result = verify('t', 'test')
  await say(0, errored)
  await say(1, errored)
  await say(2, passed)
  expect(await result).toEqual(ok(undefined))
  expect(checkouts).toEqual({ made: 3, open: 0 })
  expect(judged).toMatchObject([{ verdict: passed }])
})

test('a gate that could not be run three times is a failure of the infrastructure, which nothing remembers', async () => {
  const { verify, say, begun, judged } = stage()
  const result = verify('t', 'test')
  for (const index of [0, 1, 2]) await say(index, errored)
  expect(await result).toEqual(err(failure('infrastructure', 'The gate test could not be run: no process.')))
  expect(judged).toMatchObject([{ verdict: errored }])
  const later = verify('t', 'test')
  await say(3, passed)
  expect(await later).toEqual(ok(undefined))
  expect(begun).toHaveLength(4)
})

test('a checkout that cannot be made is an error, and is tried again, too', async () => {
  let left = 2
  const checkOut: VerifierParts['checkOut'] = () =>
    Promise.resolve(
      left-- > 0 ? err(failure('infrastructure', 'no disk')) : ok({ root: '/c', release: () => undefined }),
    )
  const { verify, say } = stage({ checkOut })
  const result = verify('t', 'test')
  await say(0, passed)
  expect(await result).toEqual(ok(undefined))
  left = 9
  expect(await verify('u', 'test')).toEqual(err(failure('infrastructure', 'The gate test could not be run: no disk.')))
})

test('a checkout is given back even if judging breaks', async () => {
  const { verify, checkouts } = stage({ judge: () => Promise.reject(new Error('a bug')) })
  await expect(verify('t', 'test')).rejects.toThrow('a bug')
  expect(checkouts).toEqual({ made: 1, open: 0 })
})

test('no gate begins before the limit lets it', async () => {
  const gates: (() => void)[] = []
  const limited: VerifierParts['limited'] = async (step) => {
    await new Promise<void>((resolve) => gates.push(resolve))
    return step(1)
  }
  const { verify, begun, say, checkouts } = stage({ limited })
  const result = verify('t', 'lint', 'test')
  expect(gates).toHaveLength(2)
  expect(checkouts.made).toBe(0)
  gates[1]!()
  await say(0, passed)
  expect(begun.map(({ run }) => run)).toEqual(['test'])
  gates[0]!()
  await say(1, passed)
  expect(await result).toEqual(ok(undefined))
})

test('a run that is canceled ends the wait, tries nothing again, and records no verdict that was not given', async () => {
  const { verify, say, stop, judged, begun } = stage()
  const result = verify('t', 'lint', 'test')
  await say(0, passed)
  await until(() => judged.length === 1, 'the first verdict is told')
  stop.abort()
  await say(1, errored)
  expect(await result).toMatchObject(err({ kind: 'canceled' }))
  expect(begun).toHaveLength(2)
  expect(judged).toMatchObject([{ gate: 'lint' }])
})

test('a canceled run begins no gate, but what is known still counts', async () => {
  const { verify, say, stop, begun } = stage()
  const known = verify('t', 'test')
  await say(0, passed)
  await known
  stop.abort()
  expect(await verify('t', 'test')).toEqual(ok(undefined))
  expect(await verify('u', 'test')).toMatchObject(err({ kind: 'canceled' }))
  expect(begun).toHaveLength(1)
})

test('on request only what failed runs once more; if it passes then, it is flaky, and that is remembered', async () => {
  const { verify, verifyAgain, known, say, begun, judged } = stage()
  const result = verify('t', 'lint', 'test')
  await say(0, passed)
  await say(1, failed('by chance'))
  expect((await result).ok).toBe(false)
  expect(known('t', 'lint', 'test')).toBe('failed')
  const again = verifyAgain('t', 'lint', 'test')
  await say(2, passed)
  expect(await again).toEqual(ok(undefined))
  expect(begun.map(({ run }) => run)).toEqual(['lint', 'test', 'test'])
  expect(judged.slice(2)).toMatchObject([{ gate: 'test', again: true, flaky: true, remembered: false }])
  expect(known('t', 'lint', 'test')).toBe('passed')
})

test('a tree is judged a second time only once: from then on its second failure is remembered, and not reported again', async () => {
  const { verify, verifyAgain, say, begun, judged } = stage()
  const result = verify('t', 'test')
  await say(0, failed('one'))
  await result
  const again = verifyAgain('t', 'test')
  await say(1, failed('two'))
  expect(await again).toMatchObject(err({ kind: 'gate_failed', detail: 'two' }))
  expect(judged[1]).toMatchObject({ again: true })
  expect(judged[1]).not.toHaveProperty('flaky')
  expect(await verifyAgain('t', 'test')).toMatchObject(err({ kind: 'gate_failed', detail: 'two' }))
  expect(await verify('t', 'test')).toMatchObject(err({ detail: 'two' }))
  expect(begun).toHaveLength(2)
  expect(judged.map(({ remembered }) => remembered)).toEqual([false, false, true])
})

test('a second run that cannot be made leaves the failure as it was, and may be tried again', async () => {
  const { verify, verifyAgain, known, say } = stage()
  const result = verify('t', 'test')
  await say(0, failed('one'))
  await result
  const again = verifyAgain('t', 'test')
  for (const index of [1, 2, 3]) await say(index, errored)
  expect(await again).toMatchObject(err({ kind: 'infrastructure' }))
  expect(known('t', 'test')).toBe('failed')
  const later = verifyAgain('t', 'test')
  await say(4, passed)
  expect(await later).toEqual(ok(undefined))
})

test('a gate that failed is the reason, even behind one that could not be run', async () => {
  const { verify, say } = stage()
  const result = verify('t', 'lint', 'test')
  await say(1, failed('broke'))
  for (const index of [0, 2, 3]) await say(index, errored)
  expect(await result).toMatchObject(err({ kind: 'gate_failed' }))
})

test('nothing is known of a tree before all of its gates have passed, or one has failed', async () => {
  const { verify, known, say } = stage()
  expect(known('t')).toBe('passed')
  expect(known('t', 'lint')).toBeUndefined()
  const result = verify('t', 'lint')
  await say(0, passed)
  await result
  expect(known('t', 'lint')).toBe('passed')
  expect(known('t', 'lint', 'test')).toBeUndefined()
})

/** Setup's words in a failed checkout. */
const noSetup = failure('infrastructure', 'setup failed (exit code 1): out of step', {
  inSetup: true,
  detail: 'npm error: out of step',
})

/** Checkouts on which setup fails as long as the test says so; the requested commits, with `!` for a fresh checkout. */
function brokenSetup(fails: (commit: string, nth: number) => boolean) {
  const asked: string[] = []
  const distrusted: string[] = []
  const checkOut: VerifierParts['checkOut'] = (commit, how) => {
    asked.push(`${commit}${how?.fresh ? '!' : ''}`)
    if (fails(commit, asked.length)) return Promise.resolve(err(noSetup))
    const place = { root: `/${commit}`, release: () => undefined, distrust: () => distrusted.push(commit) }
    return Promise.resolve(ok({ ...place, ...(how?.fresh ? {} : { holdsOlder: true as const }) }))
  }
  return { checkOut, asked, distrusted }
}

describe('setup that fails on a tree', () => {
  test('twice, and passes on the tip of the target since, is a failed gate named setup, told once, with its words', async () => {
    const { checkOut, asked } = brokenSetup((commit) => commit === 'c-t')
    const { verify, verifyAgain, known, judged, begun } = stage({ checkOut })
    const result = await verify('t', 'lint', 'test')
    const refused = failure('gate_failed', 'The gate setup failed: setup failed (exit code 1): out of step.', {
      detail: 'npm error: out of step',
      gates: ['setup'],
    })
    expect(result).toEqual(err(refused))
    expect(judged.map(({ gate }) => gate)).toEqual(['setup'])
    expect(asked).toEqual(['c-t', 'c-t', 'c-t!', 'c-tip!'])
    expect(known('t', 'lint', 'test')).toBe('failed')
    expect(await verifyAgain('t', 'lint', 'test')).toEqual(err(refused))
    expect(asked).toHaveLength(4)
    expect(begun).toEqual([])
  })

  test('and on the tip, too, is nobody’s fault: the gates could not be run, and nothing is remembered', async () => {
    const { checkOut, asked } = brokenSetup(() => true)
    const { verify, known, judged } = stage({ checkOut })
    const result = await verify('t', 'test')
    expect(result).toMatchObject(err({ kind: 'infrastructure' }))
    expect(!result.ok && result.error.message).toContain("(also on the target's tip)")
    expect(judged).toMatchObject([{ gate: 'test', verdict: { type: 'errored' } }])
    expect(asked).toEqual(['c-t', 'c-t!', 'c-tip!'])
    expect(known('t', 'test')).toBeUndefined()
  })

  test('that is the tip itself says nothing about the work', async () => {
    const { checkOut } = brokenSetup(() => true)
    const { verify } = stage({ checkOut, tip: () => commitId('c-t') })
    expect(await verify('t', 'test')).toMatchObject(err({ kind: 'infrastructure' }))
  })

  test('once, and then passes, is chance: the gate runs', async () => {
    const { checkOut, asked } = brokenSetup((_, nth) => nth === 1)
    const { verify, say } = stage({ checkOut })
    const result = verify('t', 'test')
    await say(0, passed)
    expect(await result).toEqual(ok(undefined))
    expect(asked).toEqual(['c-t', 'c-t!', 'c-t'])
  })
})

describe('what a place keeps from before', () => {
  test('is not trusted if a gate fails there and passes in a fresh one; after a second tree, no place is', async () => {
    const { checkOut, asked, distrusted } = brokenSetup(() => false)
    let all = 0
    const { verify, verifyAgain, say, judged } = stage({ checkOut, distrustAll: () => all++ })
    for (const [index, tree] of ['t', 'u'].entries()) {
      const result = verify(tree, 'test')
      await say(2 * index, failed('no module'))
      await result
      const again = verifyAgain(tree, 'test')
      await say(2 * index + 1, passed)
      expect(await again).toEqual(ok(undefined))
      expect(all).toBe(index)
    }
    expect(asked).toEqual(['c-t', 'c-t!', 'c-u', 'c-u!'])
    expect(distrusted).toEqual(['c-t', 'c-u'])
    expect(judged.map(({ flaky, fresh }) => [flaky, fresh])).toEqual([
      [undefined, undefined],
      [true, true],
      [undefined, undefined],
      [true, true],
    ])
  })

  test('is trusted when the gate fails in a fresh place, too', async () => {
    const { checkOut, distrusted } = brokenSetup(() => false)
    const { verify, verifyAgain, say } = stage({ checkOut })
    const result = verify('t', 'test')
    await say(0, failed('no'))
    await result
    const again = verifyAgain('t', 'test')
    await say(1, failed('no'))
    expect(await again).toMatchObject(err({ kind: 'gate_failed' }))
    expect(distrusted).toEqual([])
  })
})

test('two runs of an exclusive gate never overlap, whatever trees they judge, and other gates run beside it', async () => {
  const { verifier, begun, say, checkouts } = stage()
  const alone: Gate = { ...gate('db'), exclusive: true }
  const on = (tree: string, ...gates: readonly Gate[]) =>
    verifier.verify({ commit: commitId(`c-${tree}`), tree: treeId(tree) }, gates, () => undefined)
  // The third is the same command by somebody who does not know of it.
  const all = Promise.all([on('t', alone, gate('lint')), on('u', alone), on('v', gate('db'))])
  const ran = () => begun.map(({ run, commit }) => `${run} ${commit}`)
  await until(() => begun.length === 2, 'the first and the other gate begin')
  expect([ran(), checkouts.made]).toEqual([['db c-t', 'lint c-t'], 2])
  await say(0, failed('no'))
  await until(() => begun.length === 3, 'the second begins')
  expect(ran().slice(2)).toEqual(['db c-u'])
  await say(2, passed)
  await say(3, passed)
  expect(ran()[3]).toBe('db c-v')
  await say(1, passed)
  expect((await all).map(({ ok: isOk }) => isOk)).toEqual([false, true, true])
})

test('an exclusive gate that waits for its turn takes no job from others', async () => {
  const { verifier, begun, say } = stage({ limited: limit(2) })
  const alone: Gate = { ...gate('db'), exclusive: true }
  const on = (tree: string, one: Gate) =>
    verifier.verify({ commit: commitId(`c-${tree}`), tree: treeId(tree) }, [one], () => undefined)
  const all = Promise.all([on('t', alone), on('u', alone), on('v', gate('lint'))])
  await until(() => begun.length === 2, 'two begin')
  expect(begun.map(({ run }) => run)).toEqual(['db', 'lint'])
  await say(0, passed)
  await say(1, passed)
  await say(2, passed)
  expect((await all).every(({ ok: isOk }) => isOk)).toBe(true)
})

/** A verifier whose gates say that they were canceled once nobody waits for them. */
function unwantedStage() {
  const begun: { readonly run: string; readonly unwanted: AbortSignal; readonly verdict: Deferred<Verdict> }[] = []
  const staged = stage({
    judge: ({ run }, _, { unwanted }) => {
      const verdict = defer<Verdict>()
      begun.push({ run, unwanted, verdict })
      unwanted.addEventListener('abort', () => verdict.resolve({ type: 'errored', message: 'it was canceled' }))
      return verdict.promise
    },
  })
  const verify = (unwanted?: AbortSignal) => {
    const tree = { commit: commitId('c-t'), tree: treeId('t') }
    return staged.verifier.verify(tree, [gate('test')], (judgement) => staged.judged.push(judgement), unwanted)
  }
  return { ...staged, begun, verify }
}

test('a gate that nobody waits for any more is ended, and says nothing about the tree', async () => {
  const { verify, begun, judged, known, verifier, checkouts } = unwantedStage()
  const away = new AbortController()
  const result = verify(away.signal)
  await until(() => begun.length === 1, 'the gate begins')
  away.abort()
  expect(await result).toMatchObject({ ok: false, error: { kind: 'canceled' } })
  await verifier.settled()
  expect(begun[0]!.unwanted.aborted).toBe(true)
  expect(judged).toEqual([])
  expect(known('t', 'test')).toBeUndefined()
  expect(checkouts.open).toBe(0)
})

test('a gate for which another still waits goes on, whoever has begun it', async () => {
  const { verify, begun, known } = unwantedStage()
  const away = new AbortController()
  const first = verify(away.signal)
  await until(() => begun.length === 1, 'the gate begins')
  const second = verify(new AbortController().signal)
  away.abort()
  expect(await first).toMatchObject({ error: { kind: 'canceled' } })
  expect(begun[0]!.unwanted.aborted).toBe(false)
  begun[0]!.verdict.resolve(passed)
  expect(await second).toEqual(ok(undefined))
  expect(begun).toHaveLength(1)
  expect(known('t', 'test')).toBe('passed')
})

test('whoever wants the verdict of a gate that is being ended has it run anew', async () => {
  const { verify, begun } = unwantedStage()
  const away = new AbortController()
  const first = verify(away.signal)
  await until(() => begun.length === 1, 'the gate begins')
  away.abort()
  const second = verify()
  await first
  await until(() => begun.length === 2, 'the gate begins again')
  begun[1]!.verdict.resolve(passed)
  expect(await second).toEqual(ok(undefined))
})

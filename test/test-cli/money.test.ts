import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { all, only, setStage, type Stage } from './stage.js'
import { roadmap, writes } from './scripts.js'

const config = 'base_gates: skip\ngates: [test -f better.txt]\n'

/** Notes the arguments of each claude that works; returns how to read their ceilings, in USD. */
function watchCaps(stage: Stage): () => readonly number[] {
  const file = stage.scene.repo.beside('claude-arguments')
  stage.wrap('claude', `[ "$1" = --version ] || echo "$*" >> '${file}'\nexec "$real" "$@"`)
  const cap = (line: string) => Number(/--max-budget-usd (\S+)/.exec(line)?.[1])
  return () => readFileSync(file, 'utf8').trim().split('\n').map(cap)
}

test('a repair round of claude may spend what is left of the budget, and its cost is counted once', async () => {
  const script = ({ about, results }: Turn): Answer => {
    const files = about === 'repair' ? ['hello.txt', 'better.txt'] : ['hello.txt']
    const next = files[results]
    return next === undefined ? { type: 'text', text: 'Done.' } : writes(next)
  }
  const stage = await setStage({ roadmap, script, config })
  const caps = watchCaps(stage)
  const { code, records } = await stage.run('-p', 'claude', '-i', '1', '--budget', '1')
  expect(code).toBe(0)
  const [work, repair] = all(records(), 'agent_finished').map(({ usage }) => usage.costUsd ?? NaN)
  expect(work).toBeGreaterThan(0)
  // Each of them asked its model twice, for the same price.
  expect(repair).toBeCloseTo(work!, 6)
  expect(caps()[0]).toBe(1)
  expect(caps()[1]).toBeCloseTo(1 - work!, 4)
  expect(caps()).toHaveLength(2)
  await stage.quiet()
})

test('a repair round of claude that has spent what is left is stopped there, whatever its conversation cost before', async () => {
  const script = ({ about, results }: Turn): Answer => {
    if (about === 'repair') return writes(`more-${results}.txt`)
    return results < 3 ? writes(`part-${results}.txt`) : { type: 'text', text: 'Done.' }
  }
  const stage = await setStage({ roadmap, script, config })
  const { code, records } = await stage.run('-p', 'claude', '-i', '1', '--budget', '0.04')
  const costs = all(records(), 'agent_finished').map(({ usage }) => usage.costUsd ?? NaN)
  expect(costs).toHaveLength(2)
  // A ceiling is looked at after each call of the model.
  const perCall = costs[0]! / 4
  expect(costs[0]! + costs[1]!).toBeLessThanOrEqual(0.04 + perCall)
  expect(only(records(), 'attempt_failed').failure.kind).toBe('budget')
  expect(only(records(), 'commit_kept').ref).toMatch(/^refs\/autopilot\//)
  expect(code).toBe(75)
  await stage.quiet()
})

import { expect, test } from 'vitest'
import { fakeCli } from '../support/fake-cli.js'
import { gatedScene } from '../support/gated-scene.js'

const capOf = (args: readonly string[]) => Number(args[args.indexOf('--max-budget-usd') + 1])

test('a repair round may spend what is left, not again what its conversation has spent before', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: hello, title: Say hello }\n',
    gates: [{ run: 'grep -q good hello.txt', name: 'good' }],
  })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    succeed({ total_cost_usd: attempt === 1 ? 0.6 : 0.7 })
  })
  const { code, stdout } = await stage.run(['run', '--budget', '1.5'])
  expect(code).toBe(0)
  expect(calls().map(({ args }) => capOf(args))).toEqual([1.5, 0.9])
  expect(calls()[1]!.args).toContain('--resume')
  expect(stdout).toMatch(/^Budget +\$0\.70 of \$1\.50$/m)
})

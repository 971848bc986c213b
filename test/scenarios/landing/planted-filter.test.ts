// Hooks, signatures and filters that an agent's commits could set off.
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'

const plant = [
  'D="$HERE/.git/autopilot/git"',
  'printf \'[filter "evil"]\\n\\tclean = tr a-z A-Z; touch "%s"\\n\' "$HERE/../ran" >> $D/config',
  'echo "*.txt filter=evil" > $D/info/attributes',
]

test.each([
  ['a filter', [...plant, 'echo > a'].join('; ')],
  ['a hooks directory', 'mkdir "$HERE/.git/autopilot/git/hooks"; echo > a'],
])(
  '%s that an agent plants in the directory of autopilot’s git never runs: the run stops, and resume lands the work',
  async (_what, evil) => {
    const stage = scene({ files: { 'autopilot.yaml': '{"env": {"HERE": null}}' } })
    stage.env.HERE = stage.repo.dir
    const tasks = [evil, 'echo work > b.txt'].map((run, n) => `  - { id: t${n}, run: ${JSON.stringify(run)} }\n`)
    stage.repo.write('roadmap.yaml', `tasks:\n${tasks.join('')}`)
    stage.repo.commit('roadmap')
    const { code, records } = await stage.run(['run', '-a', '1', '--output', 'json'])
    expect(code).toBe(4)
    expect(records().filter(({ type }) => type === 'run_stopping')).toMatchObject([{ reason: 'tampered' }])
    const failed = records().flatMap((one) => (one.type === 'attempt_failed' ? [one.failure] : []))
    // The other may have been about to begin; its workspace was not checked out either.
    expect(new Set(failed.map(({ kind }) => kind))).toEqual(new Set(['target']))
    expect(failed.some(({ uncollected }) => uncollected)).toBe(true)
    expect(failed[0]?.message).toMatch(/changed the directory of autopilot's own git, .*run autopilot resume/)
    const resumed = await stage.run(['resume'])
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.any(String)])
    expect(stage.landed('b.txt')).toBe('work')
    expect(stage.repo.git('ls-tree', '--name-only', 'autopilot/main').split('\n')).toContain('a')
    expect(existsSync(stage.repo.beside('ran'))).toBe(false)
  },
)

test('an agent’s own commit is not signed and runs no hook of the user’s own configuration', async () => {
  const stage = scene({
    roadmap: 'tasks:\n  - { id: a, run: "echo > a; git add a; git commit -qm mine && git tag -m t t" }\n',
  })
  const sections = [
    '[commit]\n\tgpgSign = true',
    '[tag]\n\tgpgSign = true',
    '[core]\n\thooksPath = ~/hooks',
    '[gpg]\n\tprogram = false',
  ]
  appendFileSync(join(stage.repo.home, '.gitconfig'), `${sections.join('\n')}\n`)
  stage.repo.write('../home/hooks/pre-commit', '#!/bin/sh\nexit 1\n', { executable: true })
  // The control: plain git does not get a commit through.
  expect(() => stage.repo.commit('mine')).toThrow()
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect(records().filter(({ type }) => type === 'attempt_failed')).toEqual([])
})

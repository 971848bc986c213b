import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { commitId } from '../../../support/brands.js'
import { catchUp } from '../../../../src/workspace/repair/catch-up.js'
import { nothingWatched } from '../../../../src/workspace/repair/conflict-markers.js'
import { stack } from '../../../../src/workspace/land/stack.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import { createRig, type Rig } from '../../../support/rigs/workspace-rig.js'

let rig: Rig | undefined

afterEach(() => rig?.repo.remove())

test.each([
  ['a line in its attributes', (dir: string) => appendFileSync(join(dir, 'info/attributes'), '* merge=evil\n')],
  [
    'another configuration',
    (dir: string) => appendFileSync(join(dir, 'config'), '[merge "evil"]\n\tdriver = touch ran\n'),
  ],
  ['a directory of hooks', (dir: string) => mkdirSync(join(dir, 'hooks'))],
  ['no HEAD any more', (dir: string) => rmSync(join(dir, 'HEAD'))],
])('with %s in its own git, nothing is merged any more, for a landing or for a repair round', async (_what, tamper) => {
  rig = await createRig({ files: { 'README.md': 'hello\n' } })
  const { repo, repository, base } = rig
  const told: string[] = []
  repository.onUnsealed = (what) => void told.push(what)
  const agent = await rig.leased()
  agent.write('work.txt', 'work')
  const { commit, tree, parents } = await rig.candidate(agent)
  const tip = commitOn(repo, commitId('HEAD'), { other: 'other\n' })
  const work = { base, message: 'T1: work', candidate: commit, made: { tree, parents }, watch: nothingWatched }
  const target = { tip, branch: 'autopilot/main' }
  const one = { base, message: 'T1: work', single: { commit, tree } }
  // The control.
  expect((await stack(repository, target, [one])).members).toHaveLength(1)
  tamper(repository.trusted.gitDir)
  expect(await stack(repository, target, [one])).toMatchObject({ members: [], left: [{ failure: { kind: 'target' } }] })
  const caught = await catchUp(repository, agent.workspace, work, tip, 'autopilot/t1-1')
  expect(caught).toMatchObject({ ok: false, error: { kind: 'target' } })
  expect(agent.has('other')).toBe(false)
  expect(told).toHaveLength(2)
  expect(told[0]).toMatch(/^Somebody has changed the directory of autopilot's own git, /)
})

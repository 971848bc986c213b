// Git LFS.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { lfsSettings, lfsStandIn } from '../../support/fakes/lfs-stand-in.js'

function lfsScene(run: string) {
  const roadmap = `tasks:\n  - { id: a, title: A, run: ${JSON.stringify(run)} }\n`
  // The machine's own configuration may name the real one, which agents' gits would ask.
  const stage = gatedScene({ roadmap, config: { env: { GIT_CONFIG_NOSYSTEM: '1' } } })
  const { repo } = stage
  stage.program('git-lfs', lfsStandIn)
  for (const [key, value] of lfsSettings(join(stage.env.PATH!, 'git-lfs'))) repo.git('config', key, value)
  repo.write('.gitattributes', '*.bin filter=lfs -text\n')
  return stage
}

const pathOf = (content: string) => {
  const oid = createHash('sha256').update(content).digest('hex')
  return join('.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid)
}

test('content of Git LFS: agents have it, what they make or only commit is stored with yours, and what they prune is not yours', async () => {
  const steps = [
    'test "$(cat data.bin)" = second && git show HEAD~1:data.bin > pointer && git checkout -q HEAD~1 -- data.bin && test "$(cat data.bin)" = first',
    'git checkout -q HEAD -- data.bin && rm pointer',
    'echo passing > new.bin && git add new.bin && git commit -qm passing && echo final > new.bin',
    'git lfs prune',
    'git checkout -q HEAD~2 -- data.bin && test "$(cat data.bin)" = first && git checkout -q HEAD -- data.bin',
  ]
  const stage = lfsScene(steps.join(' && '))
  const { repo } = stage
  for (const content of ['first', 'second']) {
    repo.write('data.bin', `${content}\n`)
    repo.commit(content)
  }
  const { code, stderr } = await stage.run(['run'])
  expect([code, stderr.includes('failed')]).toEqual([0, false])
  expect(stage.landed('new.bin')).toMatch(/^version https:/)
  const there = ['first\n', 'second\n', 'passing\n', 'final\n'].map((content) =>
    existsSync(join(repo.dir, pathOf(content))),
  )
  expect(there).toEqual([true, true, true, true])
})

test('missing content of Git LFS is reported with what to do; with GIT_LFS_SKIP_SMUDGE agents see pointers', async () => {
  const stage = lfsScene('cat data.bin > seen && echo fresh > new.bin')
  const { repo } = stage
  repo.write('data.bin', 'content\n')
  repo.commit('content')
  // As a checkout without LFS leaves it.
  repo.write('data.bin', `${repo.git('cat-file', 'blob', 'HEAD:data.bin')}\n`)
  rmSync(join(repo.dir, '.git/lfs'), { recursive: true })
  const refused = await stage.run(['run'])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /Error downloading object: data\.bin.*git lfs fetch origin [0-9a-f]{12}.*GIT_LFS_SKIP_SMUDGE=1/,
  )
  const { code } = await stage.run(['run'], { env: { GIT_LFS_SKIP_SMUDGE: '1' } })
  expect([code, stage.landed('seen')]).toEqual([0, stage.landed('data.bin')])
  // The user had no store: what landed is in one of theirs.
  expect(readdirSync(join(repo.dir, '.git/autopilot/git/lfs'))).toEqual(readdirSync(join(repo.dir, '.git/lfs')))
  expect(existsSync(join(repo.dir, pathOf('fresh\n')))).toBe(true)
})

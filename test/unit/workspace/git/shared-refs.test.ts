import { afterEach, expect, it } from 'vitest'
import { createGitRepo } from '../../../support/scenes/git-repo.js'
import { createRig, value, type Rig } from '../../../support/rigs/workspace-rig.js'

let rig: Rig

afterEach(() => rig.repo.remove())

async function rigWithRefs(prepare: (git: (...args: string[]) => string) => void = () => undefined): Promise<Rig> {
  const repo = createGitRepo()
  repo.git('tag', '-a', 'v1.0', '-m', 'one')
  repo.git('tag', 'light')
  repo.git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  repo.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main')
  repo.git('remote', 'add', 'origin', 'https://example.org/x.git')
  prepare(repo.git)
  repo.commit('second')
  rig = await createRig({ repo })
  return rig
}

it('tags and remote-tracking branches are there, without a remote that could be pushed to', async () => {
  const { leased } = await rigWithRefs()
  const agent = await leased()
  expect(agent.git('describe', '--tags', '--long')).toMatch(/^v1\.0-1-g/)
  expect(agent.git('merge-base', 'origin/main', 'HEAD')).toBe(agent.git('rev-parse', 'v1.0^{commit}'))
  expect(agent.git('rev-parse', 'origin')).toBe(agent.git('rev-parse', 'origin/main'))
  expect(agent.git('remote')).toBe('')
  expect(agent.git('branch', '--format=%(refname:short)')).toMatch(/^autopilot\/\S+$/)
})

it('none of them counts as the agent’s, however many, but what the agent’s git made beside them does', async () => {
  const { leased, collect } = await rigWithRefs((git) => {
    const side = git('commit-tree', '-m', 'not in the base', 'HEAD^{tree}')
    git('update-ref', 'refs/tags/elsewhere', side)
  })
  const lines = Array.from({ length: 12_000 }, (_, at) => `${rig.base} refs/tags/z${String(at).padStart(6, '0')}\n`)
  Object.assign(rig.repository, { sharedRefs: rig.repository.sharedRefs + lines.join('') })
  const agent = await leased()
  expect(agent.git('tag').split('\n')).toHaveLength(12_003)
  expect(value(await collect(agent))).toMatchObject({ type: 'unchanged', kept: [] })
  agent.git('checkout', '-qb', 'side')
  agent.git('commit', '-q', '--allow-empty', '-m', 'mine')
  agent.git('tag', 'mine')
  agent.git('checkout', '-q', '-')
  agent.git('pack-refs', '--all')
  const { kept } = value(await collect(agent))
  expect(kept.map(({ name }) => name)).toEqual(['side'])
})

// Work that HEAD has already.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const roadmap = 'tasks:\n  - { id: a, run: echo a >> a }\n'
const more = `${roadmap.replace('a }', 'a, status: done }')}  - { id: b, run: echo b > b, depends_on: [a] }\n`

/** After a run that has brought `a`. */
async function landedA(): Promise<Scene> {
  const stage = scene({ roadmap })
  expect((await stage.run(['run'])).code).toBe(0)
  return stage
}

/** What a run says, having checked that a dry run says it, too. */
async function saysAlike(stage: Scene, said: RegExp, args: readonly string[] = []): Promise<void> {
  expect((await stage.run(['run', '--dry-run', ...args])).stdout).toMatch(said)
  expect((await stage.run(['run', ...args])).stderr).toMatch(said)
}

test('a task that the roadmap calls pending although HEAD has its commit is named before it costs anything', async () => {
  const stage = await landedA()
  const commit = stage.repo.git('rev-parse', '--short=10', 'autopilot/main')
  stage.repo.git('checkout', '-q', '--', 'roadmap.yaml')
  stage.repo.git('merge', '-q', '--ff-only', 'autopilot/main')
  const said = `HEAD already has the work of these tasks, .* run again: a \\(${commit}\\); .*; --redo a confirms it`
  // No notice for a user who asks for it.
  expect((await stage.run(['run', '--dry-run', '--redo', 'a'])).stdout).not.toContain('HEAD already has the work')
  await saysAlike(stage, new RegExp(said))
})

test('another text under the id is not reported, nor is work that was reverted in HEAD', async () => {
  const stage = await landedA()
  stage.repo.git('checkout', '-q', '--', 'roadmap.yaml')
  stage.repo.git('merge', '-q', '--ff-only', 'autopilot/main')
  const dry = async () => (await stage.run(['run', '--dry-run'])).stdout
  expect(await dry()).toContain('HEAD already has the work')
  writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), roadmap.replace('echo a', 'echo other'))
  expect(await dry()).not.toContain('HEAD already has the work')
  stage.repo.git('checkout', '-q', '--', 'roadmap.yaml')
  stage.repo.git('revert', '--no-edit', 'HEAD')
  expect(await dry()).not.toContain('HEAD already has the work')
})

test.each([
  ['was deleted unmerged', ['branch', '-D', 'autopilot/main']],
  ['was reset', ['branch', '-f', 'autopilot/main', 'main']],
])(
  'a task that is marked done but whose commit is gone, because the target %s, is named with its commit',
  async (_, command) => {
    const stage = await landedA()
    const commit = stage.repo.git('rev-parse', '--short=10', 'autopilot/main')
    writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), more)
    const gone = /done in the roadmap, but the commit/
    // The controls: it is on the target; and then its text is another one.
    expect((await stage.run(['run', '--dry-run'])).stdout).not.toMatch(gone)
    stage.repo.git(...command)
    writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), more.replace('echo a', 'echo other'))
    expect((await stage.run(['run', '--dry-run'])).stdout).not.toMatch(gone)
    writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), more)
    await saysAlike(
      stage,
      new RegExp(`${gone.source}.* neither on autopilot/main nor in HEAD.*: a \\(${commit}\\); .*--redo a;`),
    )
  },
)

test('a task that is marked done and was reverted is named, and --redo brings it back', async () => {
  const stage = await landedA()
  stage.repo.git('stash', '-q')
  stage.repo.git('merge', '-q', '--ff-only', 'autopilot/main')
  stage.repo.git('revert', '--no-edit', 'HEAD')
  stage.repo.git('stash', 'pop', '-q')
  await saysAlike(stage, /done in the roadmap, but the commit .* or was reverted.*: a \(/)
  expect((await stage.run(['run', '--redo', 'a'])).code).toBe(0)
  expect(stage.landed('a')).toBe('a')
})

test('in a shallow clone, where a commit may be behind the cut, no task that is marked done is questioned', async () => {
  const stage = await landedA()
  writeFileSync(join(stage.repo.dir, 'roadmap.yaml'), more)
  stage.repo.git('branch', '-D', 'autopilot/main')
  const shown = async () => (await stage.run(['run', '--dry-run'])).stdout
  expect(await shown()).toContain('done in the roadmap, but')
  writeFileSync(join(stage.repo.dir, '.git', 'shallow'), `${stage.repo.git('rev-parse', 'main')}\n`)
  expect(await shown()).not.toContain('done in the roadmap, but')
})

test('a dry run continues from a fetched target as the run does, and refuses one that has diverged', async () => {
  const stage = await landedA()
  stage.repo.git('update-ref', 'refs/remotes/origin/autopilot/main', 'autopilot/main')
  stage.repo.git('branch', '-f', 'autopilot/main', 'main')
  stage.repo.git('checkout', '-q', '--', 'roadmap.yaml')
  const dry = await stage.run(['run', '--dry-run'])
  expect(dry.stdout).toContain('autopilot/main continues from origin/autopilot/main, which was ahead of it')
  expect(dry.stdout).toContain('0 tasks to run')
  const other = stage.repo.git('commit-tree', '-p', 'main', '-m', 'other', 'main^{tree}')
  stage.repo.git('branch', '-f', 'autopilot/main', other)
  for (const flags of [['--dry-run'], []]) {
    const { code, stderr } = await stage.run(['run', ...flags])
    expect([code, stderr]).toEqual([4, expect.stringContaining('have diverged: each has')])
  }
})

test('work of a stopped run that was reverted meanwhile is done again, as the dry run says', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b']) })
  const finish = async (id: string) => {
    const agent = await agents.next(id)
    await agent.write(`${id}.txt`, id)
    await agent.exit(0)
  }
  const first = stage.start(['run', '-a', '1'])
  await finish('a')
  await agents.next('b')
  first.kill('SIGINT')
  await first.ended
  stage.repo.git('checkout', '-q', '--', 'roadmap.yaml')
  // The control: without the revert it is done.
  expect((await stage.run(['run', '--dry-run'])).stdout).toContain('1 task to run')
  stage.repo.git('switch', '-q', 'autopilot/main')
  stage.repo.git('revert', '--no-edit', 'HEAD')
  stage.repo.git('switch', '-q', 'main')
  expect((await stage.run(['run', '--dry-run'])).stdout).toContain('2 tasks to run')
  const second = stage.start(['run', '-a', '1'])
  await finish('a')
  await finish('b')
  expect((await second.ended).code).toBe(0)
  expect(stage.landed('a.txt')).toBe('a')
})

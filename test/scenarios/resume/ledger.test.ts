// Commits of agents that a ref still leads to.
import { expect, test } from 'vitest'
import { asAgent, danglingCommits, statusOf } from '../../support/scenes/past-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

/** Ways in which an agent's git can leave commits behind, each with whether the command then ends well. */
const ways: Readonly<Record<string, string>> = {
  commits: 'echo 1 > f; git add f; git commit -qm one; echo 2 > f; git commit -qam two; echo 3 > f',
  amends: 'echo 1 > f; git add f; git commit -qm one; echo 2 > f; git commit -qa --amend -m two',
  'resets away': 'echo 1 > f; git add f; git commit -qm one; git reset -q --hard HEAD~1; echo 2 > g',
  stashes: 'echo 1 > f; git add f; git stash -q; echo 2 > g; git add g; git stash -q; echo 3 > h',
  'makes branches': 'git checkout -qb side; echo 1 > f; git add f; git commit -qm one; git checkout -q -; echo 2 > g',
  'detaches HEAD': 'git checkout -q --detach; echo 1 > f; git add f; git commit -qm one',
  'starts a history of its own': 'git checkout -q --orphan new; echo 1 > f; git add f; git commit -qm one',
  'undoes its work': 'echo 1 > f; git add f; git commit -qm one; git rm -q f; git commit -qm two',
}

for (const [what, action] of Object.entries(ways)) {
  for (const end of ['exit 0', 'exit 1']) {
    test(`an agent that ${what} and ends with ${end} leaves no commit that nothing leads to`, async () => {
      const run = JSON.stringify(`${asAgent}; ${action}; ${end}`)
      const stage = scene({ roadmap: `tasks:\n  - { id: a, run: ${run} }\n` })
      await stage.run(['run', '-i', '2'])
      expect(danglingCommits(stage, 'Agent')).toEqual([])
      // The check would find one: without autopilot's refs, an agent's own commits are on none.
      for (const ref of stage.repo.git('for-each-ref', '--format=%(refname)', 'refs/autopilot').split('\n'))
        stage.repo.git('update-ref', '-d', ref)
      expect(danglingCommits(stage, 'Agent')).not.toEqual([])
    })
  }
}

test('agents whose work conflicts, whose gate is red, or who are canceled in the middle leave no such commit either', async () => {
  const agents = await rig()
  const stage = scene({
    roadmap: riggedRoadmap(agents, { first: '', second: '', red: 'verify: [exit 1]', never: '' }),
    files: { line: 'one\n' },
  })
  const running = stage.start(['run', '-i', '1', '-a', '4', '--output', 'json'])
  const names = ['first', 'second', 'red', 'never'] as const
  for (const name of names) {
    const agent = await agents.next(name)
    await agent.write(name === 'red' ? 'red' : 'line', `${name}\n`)
    await agent.git('add', '-A')
    await agent.git('commit', '-qm', name)
    if (name === 'never') running.kill('SIGINT')
    else await agent.exit(0)
    if (name === 'first') await running.saw('task_integrated')
    if (name === 'second' || name === 'red') await running.saw('attempt_failed', ({ taskId }) => taskId === name)
  }
  expect((await running.ended).code).toBe(130)
  expect(danglingCommits(stage, 'Fake Agent')).toEqual([])
  const { kept, counts } = await statusOf(stage)
  expect(kept.map(({ taskId }) => taskId).sort()).toEqual(['never', 'red', 'second'])
  expect(counts).toEqual({ done: 1, failed: 2, canceled: 1 })
  for (const { diff } of kept) expect(stage.repo.git(...diff.split(' ').slice(1))).not.toBe('')
})

test('after clean, commits of an agent whose work landed may be lost, and all others are still reachable', async () => {
  const run = (action: string, end: string) => JSON.stringify(`${asAgent}; ${action}; ${end}`)
  const good = run(ways.commits!, 'exit 0')
  // Not quite the same: commits that two agents make alike in one second are one commit.
  const bad = run(ways.commits!.replace('two', 'zwei').replace('one', 'eins'), 'exit 1')
  const stage = scene({ roadmap: `tasks:\n  - { id: a, run: ${good} }\n  - { id: b, run: ${bad} }\n` })
  await stage.run(['run', '-i', '1'])
  const { kept } = await statusOf(stage)
  expect((await stage.run(['clean'])).code).toBe(0)
  expect((await statusOf(stage)).kept).toEqual(kept)
  expect(kept).toMatchObject([{ taskId: 'b' }])
  expect([...danglingCommits(stage, 'Agent')].sort()).toEqual(['one', 'two'])
})

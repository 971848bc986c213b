// A target that was squashed into the user's branch.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'

const task = (id: string, line: string) => `  - { id: ${id}, run: '${line}; echo >> "$HOME/agents"' }\n`
const roadmap = `tasks:\n${task('a', 'echo a > text')}`
const more = `${roadmap}${task('b', 'echo b > b')}`

test('after a squash and an edit of the same line, the next run starts over from HEAD, and no task is done twice', async () => {
  const stage = scene({ roadmap, files: { text: 'old\n' } })
  const { repo } = stage
  const agents = () => readFileSync(join(repo.home, 'agents'), 'utf8')
  const commitText = (text: string) => {
    repo.write('text', text)
    repo.git('commit', '-qm', 'mine', 'text')
  }
  await stage.run(['run'])
  const tip = repo.git('rev-parse', 'autopilot/main')
  repo.git('merge', '-q', '--squash', 'autopilot/main')
  repo.git('commit', '-qm', 'squashed', 'text')
  const by = repo.git('rev-parse', 'HEAD')
  commitText('edited\n')
  // Its status was lost.
  repo.write('roadmap.yaml', more)
  const said = `autopilot/main starts over from main: all of its work came there with ${by.slice(0, 10)} and has been`
  expect((await stage.run(['run', '--dry-run'])).stdout).toContain(said)
  const { code, stderr } = await stage.run(['run'])
  expect([code, stderr]).toEqual([0, expect.stringContaining(said)])
  expect(stderr).toContain('so these tasks count as done and are marked done in the roadmap: a ')
  expect([stage.subjects(), stage.landed('text')]).toEqual([['b'], 'edited'])
  const ref = repo.git('for-each-ref', '--format=%(refname)', `--points-at=${tip}`, 'refs/autopilot/*/target/*')
  expect(stderr).toContain(`kept as ${ref};`)
  expect(agents()).toBe('\n\n')

  // A later run knows it, too, and clean does not take it away unasked.
  repo.write('roadmap.yaml', more)
  const cleaned = await stage.run(['clean'])
  expect(cleaned.stdout).toMatch(/^Ref .*\/a-[^ ]*\/1 at .*: integrated as /m)
  expect(cleaned.stdout).toContain(
    `${ref}: the old tip of the target before it started over: its tasks count as landed because of this ref`,
  )
  expect((await stage.run(['run'])).stderr).toMatch(/so these tasks count as done.*: a .*, b /)
  expect(agents()).toBe('\n\n')
})

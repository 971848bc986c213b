// --redo.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runsOf } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

/** Each task adds a line; `b` waits for `a`. */
const roadmap = 'tasks:\n  - { id: a, run: echo a >> a }\n  - { id: b, run: echo b >> b, depends_on: [a] }\n'

const linesOf = (stage: Scene, path: string) => stage.landed(path).split('\n')

/** How the last run began. */
function startOf(stage: Scene): unknown {
  const run = runsOf(stage).at(-1)!
  const journal = readFileSync(join(stage.repo.dir, '.autopilot', 'runs', run, 'journal.jsonl'), 'utf8')
  return JSON.parse(journal.split('\n')[0]!)
}

test('--redo does a landed task again, whatever the roadmap says about it; its dependents stay done', async () => {
  const stage = scene({ roadmap })
  expect((await stage.run(['run'])).code).toBe(0)
  // The control.
  expect((await stage.run(['run'])).code).toBe(0)
  expect(linesOf(stage, 'a')).toEqual(['a'])
  expect((await stage.run(['run', '--dry-run', '--redo', 'a'])).stdout).toContain('1 task to run')
  expect((await stage.run(['run', '--redo', 'a', '--output', 'json'])).stdout).toMatch(
    /"type":"run_started".*"redo":\["a"\]/,
  )
  expect(linesOf(stage, 'a')).toEqual(['a', 'a'])
  expect(stage.subjects()).toEqual(['a', 'b', 'a'])
  // The digest of the text is the same: a status that was lost makes no difference.
  stage.repo.write('roadmap.yaml', roadmap)
  const said = (await stage.run(['run', '--redo', 'b'])).stderr
  expect(said).toMatch(
    /these tasks count as done and are marked done in the roadmap: a \([0-9a-f]{10}\); to do them again: --redo a$/m,
  )
  expect(linesOf(stage, 'b')).toEqual(['b', 'b'])
})

test.each([
  ['resume', ['resume']],
  ['run without the flag', ['run']],
  ['the same command', ['run', '--redo', 'a,b']],
])('a redo that was stopped is continued by %s, and what it has landed is not done once more', async (_, command) => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, { a: '', b: 'depends_on: [a]' }) })
  const finish = async (id: string, text: string) => {
    const agent = await agents.next(id)
    await agent.write(`${id}.txt`, text)
    await agent.exit(0)
  }
  const first = stage.start(['run'])
  await finish('a', 'a')
  await finish('b', 'b')
  expect((await first.ended).code).toBe(0)
  const again = stage.start(['run', '--redo', 'a,b'])
  await finish('a', 'a again')
  await agents.next('b')
  again.kill('SIGINT')
  await again.ended
  expect((await stage.run(['run', '--dry-run'])).stdout).toContain('1 task to run')
  const last = stage.start([...command])
  await finish('b', 'b again')
  expect((await last.ended).code).toBe(0)
  expect(agents.started).toEqual(['a', 'b', 'a', 'b', 'b'])
  expect([stage.landed('a.txt'), stage.landed('b.txt')]).toEqual(['a again', 'b again'])
  expect(startOf(stage)).toMatchObject({ redo: ['a', 'b'] })
  expect(runsOf(stage)).toHaveLength(2)
})

test.each([
  ['an id that the roadmap does not have', ['--redo', 'logon,b'], /not in the roadmap: logon\n +did you mean login\?/],
  [
    'one that --only leaves out',
    ['--redo', 'login', '--only', 'b'],
    /--redo names ids that --only leaves out: login\n/,
  ],
])('--redo with %s ends with 2 before anything starts', async (_, flags, said) => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: login, run: echo a > a }\n  - { id: b, run: echo b > b }\n' })
  const { code, stderr } = await stage.run(['run', ...flags])
  expect([code, stderr]).toEqual([2, expect.stringMatching(said)])
  expect(runsOf(stage)).toEqual([])
})

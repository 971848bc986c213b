// Conflicts, and a target that others move.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import { userBytes } from '../../support/rigs/tree-bytes.js'

test('of two tasks that rewrite one line, one lands; the other fails with the path, and its commit is kept and shown', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['first', 'second']), files: { 'line.txt': 'one\n' } })
  const running = stage.start(['run', '-i', '1', '-a', '2'])
  const [first, second] = [await agents.next('first'), await agents.next('second')]
  await Promise.all([first.write('line.txt', 'first\n'), second.write('line.txt', 'second\n')])
  await Promise.all([first.exit(0), second.exit(0)])
  const { code, stdout, stderr } = await running.ended
  expect(code).toBe(1)
  const lost = stage.landed('line.txt') === 'first' ? 'second' : 'first'
  expect(stage.landed('line.txt')).toBe(lost === 'first' ? 'second' : 'first')
  expect(stderr).toMatch(new RegExp(`${lost} failed after 1 attempt.*\\[line.txt\\]`))
  const ref = /git diff [0-9a-f]{10} (refs\/autopilot\/\S+)/.exec(stdout)?.[1]
  expect(stage.repo.git('show', `${ref}:line.txt`)).toBe(lost)
  expect(stage.landed('line.txt')).not.toMatch(/[<=>]{7}/)
  expect(stage.repo.git('status', '--porcelain')).toBe('M roadmap.yaml')
})

test('after a conflict the next attempt starts from the new tip, and lands', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['first', 'second']), files: { 'line.txt': 'one\n' } })
  const running = stage.start(['run', '-i', '3', '-a', '2', '--output', 'json'])
  const [first, second] = [await agents.next('first'), await agents.next('second')]
  await Promise.all([first.write('line.txt', 'first\n'), second.write('line.txt', 'second\n')])
  await first.exit(0)
  await running.saw('task_integrated', ({ taskId }) => taskId === 'first')
  await second.exit(0)
  const again = await agents.next('second')
  expect(await again.read('line.txt')).toBe('first\n')
  await again.write('line.txt', 'first\nsecond\n')
  await again.exit(0)
  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(stage.landed('line.txt')).toBe('first\nsecond')
  const failed = records().filter((record) => record.type === 'attempt_failed')
  expect(failed).toMatchObject([
    { taskId: 'second', willRetry: true, failure: { kind: 'conflict', paths: ['line.txt'] } },
  ])
})

test('what an agent writes into the roadmap is left out of its commit and named', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n    run: echo "# mine now" >> roadmap.yaml; echo > a\n' })
  const { code, records } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(records().find((record) => record.type === 'candidate_created')?.leftOut).toEqual(['roadmap.yaml'])
  expect(stage.repo.git('diff', '--name-only', 'main', 'autopilot/main')).toBe('a')
  expect(stage.repo.read('roadmap.yaml')).not.toMatch(/^# mine now/m)
})

test('an edit that a person makes during the run survives', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b']) })
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  const [a, b] = [await agents.next('a'), await agents.next('b')]
  const edited = `# a note\n${stage.repo.read('roadmap.yaml').replace('- id: b\n', '- id: b\n    priority: 3\n')}`
  stage.repo.write('roadmap.yaml', edited)
  await Promise.all([a.write('a', ''), b.write('b', '')])
  await Promise.all([a.exit(0), b.exit(0)])
  expect((await running.ended).code).toBe(0)
  const after = stage.repo.read('roadmap.yaml')
  expect(after.replace(/^ +status: done\n/gm, '')).toBe(edited)
  expect(after.match(/status: done/g)).toHaveLength(2)
})

test('a second run continues the target, and does nothing twice', async () => {
  const roadmap = 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: cat a > b, depends_on: [a] }\n'
  const stage = scene({ roadmap })
  expect((await stage.run(['run', '--only', 'a'])).code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
  const { code, stdout } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/Done +2 of 2 tasks, 1 of them before this run/)
  expect(stage.subjects()).toEqual(['a', 'b'])
})

test('nothing of the user’s is touched except the status values, byte for byte', async () => {
  const roadmap =
    '# mine\r\ntasks:\r\n- id: a   # first\r\n  run: echo > a\r\n  status: "pending"  # for now\r\n- {id: b, run: echo > b}\r\n'
  const stage = scene({ roadmap })
  stage.repo.write('dirty.txt', 'uncommitted')
  stage.repo.git('add', 'dirty.txt')
  const before = userBytes(stage.repo.dir)
  const { code } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stage.repo.read('roadmap.yaml')).toBe(
    roadmap.replace('"pending"', '"done"').replace('{id: b,', '{id: b, status: done,'),
  )
  stage.repo.write('roadmap.yaml', roadmap)
  const after = userBytes(stage.repo.dir)
  expect(changed(before, after).filter((path) => !/^(\.autopilot|\.git\/info\/exclude)/.test(path))).toEqual([])
})

function changed(before: Record<string, string>, after: Record<string, string>): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((path) => before[path] !== after[path])
}

test('a workspace that could not be collected is kept and named once, with its task', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: nest, run: git init -q inner && echo > inner/f }\n' })
  const { code, stdout, stderr } = await stage.run(['run', '-i', '1'])
  expect(code).toBe(1)
  expect(stdout.match(/^Workspace /gm)).toHaveLength(1)
  const path = /^Workspace +(.*?) \(nest: /m.exec(stdout)![1]!
  expect(readFileSync(join(path, 'inner', 'f'), 'utf8')).toBe('\n')
  expect(stderr.match(/workspace kept/g)).toHaveLength(1)
})

test('an agent that removes its own workspace fails without affecting others', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: gone, run: 'rm -rf "$PWD"' }
  - { id: nogit, run: rm -rf .git && echo > nogit }
  - { id: plain, run: echo > plain }
`,
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  expect([...stage.subjects()].sort()).toEqual(['nogit', 'plain'])
  expect(records().filter((record) => record.type === 'task_failed')).toMatchObject([
    { taskId: 'gone', failure: { kind: 'collect' } },
  ])
})

test('work is found on top of uncommitted changes of the user, which agents do not see and a warning names', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: cat README.md > a }\n' })
  stage.repo.write('README.md', 'my draft\n')
  const { code, stderr } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stage.landed('a')).toBe('hello')
  expect(stage.repo.read('README.md')).toBe('my draft\n')
  expect(stderr).toMatch(/do not see your uncommitted changes: README\.md/)
})

// --target current.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { until } from '../../support/rigs/until.js'

const roadmap = 'tasks:\n  - { id: a, run: echo a > a }\n  - { id: b, run: cat a > b, depends_on: [a] }\n'
const current = ['run', '--target', 'current'] as const

const changed = ({ repo }: Scene) => repo.git('status', '--porcelain')
const subjects = ({ repo }: Scene) => repo.git('log', '--reverse', '--format=%s').split('\n')

test('with --target current the work arrives on your branch and in your files, and only statuses stay uncommitted', async () => {
  const stage = scene({ roadmap })
  stage.repo.write('roadmap.yaml', `# a note\n${roadmap}`)
  const { code, stdout } = await stage.run(current)
  expect(code).toBe(0)
  expect(subjects(stage)).toEqual(['first', 'a', 'b'])
  expect([stage.repo.read('a'), stage.repo.read('b'), changed(stage)]).toEqual(['a\n', 'a\n', 'M roadmap.yaml'])
  expect(stage.repo.read('roadmap.yaml')).toMatch(/^# a note\n[^]*status: done[^]*status: done/)
  expect(stdout).toContain('2 commits on main, the branch you were on')
  expect(stage.repo.git('branch', '--format=%(refname:short)')).toBe('main')
})

test('the configuration and the environment can say so, too, and gates judge what lands there', async () => {
  const stage = gatedScene({ roadmap, gates: ['test ! -e b'], config: { target: 'current' } })
  expect((await stage.run(['run', '-i', '1'])).code).toBe(1)
  expect(subjects(stage)).toEqual(['first', 'a'])
  expect(changed(stage)).toBe('M roadmap.yaml')
  const other = scene({ roadmap })
  expect((await other.run(['run'], { env: { AUTOPILOT_TARGET: 'current' } })).code).toBe(0)
  expect(subjects(other)).toEqual(['first', 'a', 'b'])
})

const unsettled: Readonly<Record<string, readonly [(stage: Scene) => unknown, RegExp]>> = {
  'a changed file': [
    ({ repo }) => repo.write('README.md', 'mine\n'),
    /uncommitted changes here: README\.md\.[^]*git stash/,
  ],
  'a staged file': [({ repo }) => repo.git('mv', 'README.md', 's'), /uncommitted changes here: README\.md, s\./],
  'an untracked file': [({ repo }) => repo.write('new', 'new\n'), /uncommitted changes here: new\./],
  'no branch to stand on': [({ repo }) => repo.git('checkout', '-q', '--detach'), /on no branch[^]*git switch/],
  'a merge under way': [
    ({ repo }) => repo.write('.git/MERGE_HEAD', repo.git('rev-parse', 'HEAD')),
    /A merge is in progress/,
  ],
  'a branch of autopilot’s': [({ repo }) => repo.git('switch', '-q', '-c', 'autopilot/x'), /You are on autopilot\/x/],
}
for (const [what, [action, says]] of Object.entries(unsettled)) {
  test(`it is refused with exit code 4 where there is ${what}, and changes nothing`, async () => {
    const stage = scene({ roadmap })
    action(stage)
    const before = stage.repo.git('for-each-ref')
    const { code, stderr } = await stage.run(current)
    expect(code).toBe(4)
    expect(stderr).toMatch(says)
    expect([stage.repo.git('for-each-ref'), stage.repo.read('roadmap.yaml')]).toEqual([before, roadmap])
  })
}

test('a file that a person changes meanwhile is not overwritten: nothing more starts, and the work is kept', async () => {
  const agents = await rig()
  const stage = scene({
    roadmap: riggedRoadmap(agents, { a: '', b: '', c: 'depends_on: [a]' }),
    files: { line: 'one\n' },
  })
  const running = stage.start([...current, '-a', '2', '-i', '3', '--output', 'json'])
  const [a, b] = [await agents.next('a'), await agents.next('b')]
  await a.write('line', 'a\n')
  await b.write('other', 'b\n')
  stage.repo.write('line', 'mine\n')
  await a.exit(0)
  await running.saw('attempt_failed', ({ taskId }) => taskId === 'a')
  await b.exit(0)
  const { code, records } = await running.ended
  expect(code).toBe(1)
  const failed = records().filter((record) => record.type === 'attempt_failed')
  expect(failed).toMatchObject([{ taskId: 'a', willRetry: false, failure: { kind: 'target', paths: ['line'] } }])
  expect(failed[0]?.failure.message).toContain(stage.repo.dir)
  const kept = records().filter((record) => record.type === 'commit_kept')
  expect(kept.map(({ ref }) => stage.repo.git('show', `${ref}:line`))).toEqual(['a'])
  // Running work may still end well; if it conflicts with nothing, it lands.
  expect(subjects(stage)).toEqual(['first', 'b'])
  expect([stage.repo.read('line'), stage.repo.read('other')]).toEqual(['mine\n', 'b\n'])
  expect(records().some((record) => record.type === 'attempt_started' && record.taskId === 'c')).toBe(false)
})

test('a commit that a person makes meanwhile is kept: work lands on top of it and is judged with it', async () => {
  const agents = await rig()
  const stage = gatedScene({ roadmap: riggedRoadmap(agents, ['a']), gates: ['test -e README.md'] })
  const running = stage.start([...current, '--output', 'json'])
  const a = await agents.next('a')
  await a.write('a', 'a\n')
  stage.repo.write('mine', 'mine\n')
  stage.repo.git('add', 'mine')
  stage.repo.git('commit', '-qm', 'mine')
  await a.exit(0)
  expect((await running.ended).code).toBe(0)
  expect(subjects(stage)).toEqual(['first', 'mine', 'a'])
  expect([stage.repo.read('a'), stage.repo.read('mine'), changed(stage)]).toEqual(['a\n', 'mine\n', 'M roadmap.yaml'])
})

test('a person who switches away meanwhile keeps their files; the work arrives on the branch they left', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const running = stage.start(current)
  const a = await agents.next('a')
  await a.write('a', 'a\n')
  stage.repo.git('switch', '-q', '-c', 'elsewhere')
  await a.exit(0)
  expect((await running.ended).code).toBe(0)
  expect(stage.repo.git('log', '--reverse', '--format=%s', 'main')).toBe('first\na')
  expect([stage.repo.git('log', '--format=%s'), changed(stage)]).toEqual(['first', 'M roadmap.yaml'])
})

test('a landing that was killed between the files and the branch is finished by the next run, and nothing is done twice', async () => {
  // A content filter is a program that really runs at that moment.
  const stage = scene({
    roadmap: roadmap.replace('echo a > a', 'echo a > a; echo >> runs'),
    files: { '.gitattributes': 'a filter=late\n' },
  })
  const pid = stage.repo.beside('pid')
  const script = stage.repo.beside('late.sh')
  writeFileSync(script, `cat\ncase $(pwd) in ${stage.repo.dir}) test ! -e ${pid} || kill -9 $(cat ${pid});; esac\n`)
  stage.repo.git('config', 'filter.late.clean', 'cat')
  stage.repo.git('config', 'filter.late.smudge', `sh ${script}`)
  const running = stage.start([...current, '--output', 'json'])
  writeFileSync(pid, String(running.pid))
  expect((await running.ended).signal).toBe('SIGKILL')
  rmSync(pid)
  // The git that moved the files outlives autopilot by a moment.
  await until(() => stage.repo.git('ls-files', 'a') === 'a', 'the index has moved')
  const { code, records } = await stage.run([...current, '--output', 'json'])
  expect(code).toBe(0)
  expect(subjects(stage)).toEqual(['first', 'a', 'b'])
  expect(records().flatMap((record) => (record.type === 'attempt_started' ? [record.taskId] : []))).toEqual(['b'])
  expect([readFileSync(`${stage.repo.dir}/runs`, 'utf8'), changed(stage)]).toEqual(['\n', 'M roadmap.yaml'])
})

test('what landed after the last commit of the roadmap counts as done, even if its status is lost', async () => {
  const stage = scene({ roadmap })
  expect((await stage.run(current)).code).toBe(0)
  stage.repo.git('checkout', '-q', 'roadmap.yaml')
  const { code, stdout } = await stage.run(current)
  expect(code).toBe(0)
  expect(stdout).toMatch(/Done +2 of 2 tasks, 2 of them before this run/)
  // A person who wants them done again says so in a commit.
  stage.repo.write('roadmap.yaml', roadmap.replace('echo a > a', 'echo A > a'))
  stage.repo.commit('again')
  expect((await stage.run(current)).stdout).toMatch(/Done +2 of 2 tasks, in/)
  expect(stage.repo.read('b')).toBe('A\n')
})

test('in a sparse checkout what lands outside the cone is committed and not written, and the cone stays as it is', async () => {
  const stage = scene({
    roadmap:
      "tasks:\n  - { id: a, run: 'echo a > in/a; echo a > out/a; mkdir far; echo a > far/a; echo more >> out/x' }\n",
    files: { 'in/x': 'x\n', 'out/x': 'x\n' },
  })
  const { repo } = stage
  repo.git('sparse-checkout', 'set', 'in')
  expect((await stage.run(current)).code).toBe(0)
  expect(repo.git('ls-tree', '-r', '--name-only', 'HEAD').split('\n')).toEqual(
    expect.arrayContaining(['far/a', 'in/a', 'out/a', 'out/x']),
  )
  expect([repo.read('in/a'), repo.git('show', 'HEAD:out/x')]).toEqual(['a\n', 'x\nmore'])
  expect(['far', 'out'].filter((path) => existsSync(join(repo.dir, path)))).toEqual([])
  expect(changed(stage)).toBe('M roadmap.yaml')
  // The control: what git itself writes there when the cone is given up.
  repo.git('sparse-checkout', 'disable')
  expect([repo.read('far/a'), repo.read('out/a'), changed(stage)]).toEqual(['a\n', 'a\n', 'M roadmap.yaml'])
})

// Submodules, sparse, shallow and other unusual repositories.
import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { killOnce } from '../../support/scenes/killed-run.js'
import { gitRepo } from '../../support/scenes/repositories.js'
import { scene } from '../../support/scenes/rigged-scene.js'

/** A roadmap of commands, by the ids of their tasks. */
function commands(tasks: Readonly<Record<string, string>>): string {
  const lines = Object.entries(tasks).map(([id, run]) => `  - { id: ${id}, run: ${JSON.stringify(run)} }\n`)
  return `tasks:\n${lines.join('')}`
}

test('a submodule has its files for agents and gates; a bump lands and is judged, edits and a removal fail by name', async () => {
  const inner = gitRepo({ files: { 'lib.txt': 'one\n' } })
  const stage = gatedScene({
    roadmap: commands({
      beside: 'cat deps/inner/lib.txt > beside',
      bump: 'git -C deps/inner checkout -q origin/main',
      inside: 'echo > deps/inner/file',
      away: 'rm -r deps; echo > away',
    }),
    gates: [
      'test "$(git -C deps/inner hash-object lib.txt)" = "$(git -C deps/inner rev-parse HEAD:lib.txt)"',
      'test "$(git -C deps/inner rev-parse HEAD)" = "$(git rev-parse HEAD:deps/inner)"',
    ],
  })
  const { repo } = stage
  repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'deps/inner')
  repo.commit('with a submodule')
  inner.write('lib.txt', 'two\n')
  inner.commit('second')
  repo.gitIn(join(repo.dir, 'deps/inner'), '-c', 'protocol.file.allow=always', 'fetch', '-q')
  const { code, stderr } = await stage.run(['run', '-i', '1'])
  expect(code).toBe(1)
  expect([...stage.subjects()].sort()).toEqual(['beside', 'bump'])
  expect([stage.landed('beside'), repo.git('rev-parse', 'autopilot/main:deps/inner')]).toEqual([
    'one',
    inner.git('rev-parse', 'main'),
  ])
  expect(stderr).toMatch(/inside failed .*Files inside the submodule deps\/inner were changed.*deps\/inner\/file/)
  expect(stderr).toMatch(/away failed .*adds, moves or removes a submodule.*deps\/inner/)
  expect(readFileSync(join(repo.dir, 'deps/inner/lib.txt'), 'utf8')).toBe('one\n')
})

test('a run that was killed over a submodule continues in the same workspace: the bump that its agent had made lands', async () => {
  const inner = gitRepo({ files: { 'lib.txt': 'one\n' } })
  const stage = gatedScene({
    roadmap:
      'tasks:\n  - { id: bump, description: Bump. }\n  - { id: next, depends_on: [bump], run: "cat inner/lib.txt > seen" }\n',
    gates: ['test -s inner/lib.txt'],
  })
  const { repo } = stage
  repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'inner')
  repo.commit('with a submodule')
  inner.write('lib.txt', 'two\n')
  inner.commit('second')
  repo.gitIn(join(repo.dir, 'inner'), '-c', 'protocol.file.allow=always', 'fetch', '-q')
  const calls = fakeCli(stage, 'claude', ({ attempt, say, succeed, write, read }) => {
    if (attempt > 1) {
      write('after.txt', read('inner/lib.txt'))
      succeed()
      return
    }
    const { execFileSync } = process.getBuiltinModule('node:child_process')
    execFileSync('git', ['-C', 'inner', 'checkout', '-q', 'origin/main'])
    say({ type: 'system', subtype: 'init', session_id: 'session-1', model: 'claude-test' })
    // It works on until it is killed.
    setInterval(() => undefined, 1000)
  })
  await killOnce(stage, stage.start(['run', '-i', '1']), /"type":"session","sessionId":"session-1"/)
  const { code } = await stage.run(['resume'])
  expect([code, calls().map(({ cwd }) => cwd)]).toEqual([0, [calls()[0]!.cwd, calls()[0]!.cwd]])
  expect(repo.git('rev-parse', 'autopilot/main:inner')).toBe(inner.git('rev-parse', 'main'))
  expect([stage.landed('after.txt'), stage.landed('seen')]).toEqual(['two', 'two'])
  expect(readFileSync(join(repo.dir, 'inner/lib.txt'), 'utf8')).toBe('one\n')
})

test('validate and the dry run name submodules that stay empty, and no others', async () => {
  const inner = gitRepo({ files: { 'lib.txt': 'one\n' } })
  const stage = scene({ roadmap: commands({ a: 'true' }) })
  const { repo } = stage
  repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'inner')
  repo.commit('with a submodule')
  const said = async () =>
    Promise.all(
      [['validate'], ['run', '--dry-run']].map(async (args) => {
        const { code, stdout, stderr } = await stage.run(args)
        return [
          code,
          (stdout + stderr).includes('the submodule inner stays empty in workspaces, because you have no copy of it'),
        ]
      }),
    )
  expect(await said()).toEqual([
    [0, false],
    [0, false],
  ])
  repo.git('submodule', '--quiet', 'deinit', '-f', '--all')
  rmSync(join(repo.dir, '.git/modules'), { recursive: true })
  expect(await said()).toEqual([
    [0, true],
    [0, true],
  ])
})

test('files under Git LFS need its filter: without it exit code 4, with it agents see content and pointers land', async () => {
  const stage = scene({ roadmap: commands({ a: 'test "$(cat data.bin)" = payload && echo fresh > new.bin' }) })
  const { repo } = stage
  repo.write('.gitattributes', '*.bin filter=lfs -text\n')
  repo.write('data.bin', 'pointer:payload\n')
  repo.commit('a pointer')
  const refused = await stage.run(['run'])
  expect([refused.code, repo.git('for-each-ref', 'refs/heads/autopilot')]).toEqual([4, ''])
  expect(refused.stderr).toMatch(/content filter 'lfs'[^]*git lfs install/)
  stage.program('git-lfs', '#!/bin/sh\ncase $1 in clean) sed s/^/pointer:/;; smudge) sed s/^pointer://;; esac\n')
  const lfs = join(stage.env.PATH!, 'git-lfs')
  for (const way of ['clean', 'smudge']) repo.git('config', `filter.lfs.${way}`, `${lfs} ${way} -- %f`)
  repo.git('config', 'filter.lfs.required', 'true')
  expect((await stage.run(['run'])).code).toBe(0)
  expect(repo.git('cat-file', 'blob', 'autopilot/main:new.bin')).toBe('pointer:fresh')
  expect(repo.git('diff', '--name-only', 'main', 'autopilot/main')).toBe('new.bin')
})

test('symbolic links are content: kept, made, changed and never followed', async () => {
  const stage = scene({
    roadmap: commands({ a: 'test -L out && ln -s nowhere mine && rm out && ln -s . out', b: 'echo x > kept/b' }),
    files: { 'folder/x': 'x\n' },
  })
  const { repo } = stage
  const outside = repo.beside('outside')
  writeFileSync(outside, 'outside\n')
  symlinkSync(outside, join(repo.dir, 'out'))
  symlinkSync('folder', join(repo.dir, 'kept'))
  repo.commit('links')
  expect((await stage.run(['run', '-a', '2'])).code).toBe(0)
  const links = repo
    .git('ls-tree', '-r', 'autopilot/main')
    .split('\n')
    .filter((line) => line.startsWith('120000'))
  expect(links.map((line) => line.split('\t')[1])).toEqual(['kept', 'mine', 'out'])
  expect([stage.landed('mine'), stage.landed('out'), stage.landed('kept')]).toEqual(['nowhere', '.', 'folder'])
  expect(stage.landed('folder/b')).toBe('x')
  expect([readFileSync(outside, 'utf8'), lstatSync(join(repo.dir, 'out')).isSymbolicLink()]).toEqual([
    'outside\n',
    true,
  ])
})

test('names that differ only in case are two files, even if two tasks make them', async () => {
  const stage = scene({
    roadmap: commands({ a: 'echo a > New.txt; echo a >> readme.md', b: 'echo b > new.txt' }),
    files: { 'readme.md': 'small\n' },
  })
  // If the file system does not distinguish them, git's setting says so.
  const tellsApart = !existsSync(join(stage.repo.dir, 'ReadMe.MD'))
  expect(tellsApart || stage.repo.git('config', 'core.ignorecase') === 'true').toBe(true)
  const { code } = await stage.run(['run', '-a', '2'])
  if (!tellsApart) return
  expect(code).toBe(0)
  expect([stage.landed('README.md'), stage.landed('readme.md')]).toEqual(['hello', 'small\na'])
  expect([stage.landed('New.txt'), stage.landed('new.txt')]).toEqual(['a', 'b'])
})

test('with autocrlf agents see line endings as you do, and only what they wrote is a change', async () => {
  const cr = '"$(printf \'\\r\')"'
  const stage = scene({
    roadmap: commands({ a: `grep -q ${cr} line.txt && printf 'two\\r\\n' >> line.txt && printf 'n\\r\\n' > new.txt` }),
    files: { 'line.txt': 'one\n', 'other.txt': 'other\n' },
    globalConfig: '[core]\n\tautocrlf = true\n',
  })
  expect((await stage.run(['run'])).code).toBe(0)
  expect(stage.repo.git('diff', '--numstat', 'main', 'autopilot/main')).toBe('1\t0\tline.txt\n1\t0\tnew.txt')
  expect(stage.repo.git('cat-file', '-s', 'autopilot/main:line.txt')).toBe('8')
})

test('a shallow, detached checkout, as CI makes it, gets a target named after its commit', async () => {
  const stage = scene({ roadmap: commands({ a: 'git log --format=%s > log' }) })
  stage.repo.commit('second')
  const clone = stage.repo.beside('clone')
  stage.repo.git('clone', '-q', '--depth=1', `file://${stage.repo.dir}`, clone)
  stage.repo.gitIn(clone, 'checkout', '-q', '--detach')
  const { code, stdout } = await stage.run(['run'], { cwd: clone })
  expect(code).toBe(0)
  const target = `autopilot/detached-${stage.repo.git('rev-parse', 'HEAD').slice(0, 8)}`
  expect(stdout).toContain(`1 commit on ${target}`)
  expect(stage.repo.gitIn(clone, 'show', `${target}:log`)).toBe('second')
  expect(stage.repo.gitIn(clone, 'rev-list', '--count', target)).toBe('2')
  stage.repo.gitIn(clone, 'fsck', '--strict')
})

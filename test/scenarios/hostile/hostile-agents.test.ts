// Agents that reach beyond their workspace.
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commitId } from '../../support/brands.js'
import { commitOn } from '../../support/scenes/commit-on.js'
import { gatedScene, gateLogs } from '../../support/scenes/gated-scene.js'
import { asAgent, danglingCommits } from '../../support/scenes/past-run.js'
import { isAlive } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { toldTexts } from '../../support/rigs/records.js'

/** A roadmap of one command, which works in its workspace; `HERE` is the user's repository. */
function command(stage: { readonly repo: Scene['repo'] }, run: string): void {
  const line = JSON.stringify(`HERE=${stage.repo.dir}; ${asAgent}; ${run}`)
  stage.repo.write('roadmap.yaml', `tasks:\n  - { id: a, run: ${line} }\n`)
  stage.repo.commit('roadmap')
}

test('an agent that deletes its .git loses neither its own work nor anybody else’s', async () => {
  const stage = scene()
  command(stage, 'echo 1 > one; git add -A; git commit -qm one; rm -rf .git; echo 2 > two')
  expect((await stage.run(['run'])).code).toBe(0)
  expect([stage.landed('one'), stage.landed('two')]).toEqual(['1', '2'])
  stage.repo.git('fsck', '--strict')
  expect(danglingCommits(stage, 'Agent')).toEqual([])
})

const forbidden: Readonly<Record<string, readonly [action: string, said: RegExp]>> = {
  'commits on your branch': [
    'git -C $HERE commit -q --allow-empty -m evil',
    /^your branch main was moved: git log (\w+)\.\.(\w+) shows what came, .* while a was running: by you, or by an agent$/,
  ],
  'moves your branch by its ref': [
    'git --git-dir=$HERE/.git update-ref refs/heads/main $(git --git-dir=$HERE/.git rev-parse side)',
    /^your branch main was moved/,
  ],
  'deletes a branch of yours': [
    'git -C $HERE branch -q -D side',
    /^your branch side was deleted \(git branch side \w{10} brings it back\) while a was running/,
  ],
  'switches your work tree': [
    'git -C $HERE switch -q -c other',
    /^HEAD of your repository is now ref: refs\/heads\/other instead of ref: refs\/heads\/main/,
  ],
  'throws your changes away': [
    'git -C $HERE reset -q --hard',
    /^no longer changed in your files, by you or by an agent: draft\.txt$/,
  ],
  'writes into your files': [
    'echo x > $HERE/stray',
    /^changed in your files during the run, by you or by an agent: stray$/,
  ],
  'plants a hook': [
    'mkdir -p $HERE/.git/hooks; echo > $HERE/.git/hooks/pre-commit',
    /^the hooks of your repository were changed, .* while a was running/,
  ],
  'makes a branch of yours': [
    'git -C $HERE branch deep/new',
    /^your branch deep\/new was created while a was running: by you, or by an agent$/,
  ],
  'makes a tag of yours': [
    'git -C $HERE tag v1',
    /^your tag v1 was created while a was running: by you, or by an agent$/,
  ],
  'configures your git': [
    'git -C $HERE config core.hooksPath .husky',
    /^\.git\/config of your repository was changed, .* while a was running/,
  ],
}
test.each(Object.entries(forbidden))(
  'an agent that %s is reported, and nothing is built on what it did',
  async (_what, [action, said]) => {
    const stage = scene({ files: { 'draft.txt': 'first\n' } })
    const { repo } = stage
    command(stage, `${action}; echo > a`)
    repo.git('branch', 'side', commitOn(repo, commitId('HEAD'), { side: 'side\n' }))
    repo.git('config', 'remote.origin.url', 'https://me:hush-hush@example.com/mine')
    repo.write('draft.txt', 'mine\n')
    const [head, side] = [repo.git('rev-parse', 'main'), repo.git('rev-parse', 'side')]
    const { code, records } = await stage.run(['run', '--output', 'json'])
    expect(code).toBe(0)
    expect(toldTexts(records()).filter((text) => said.test(text))).toHaveLength(1)
    expect(JSON.stringify(records())).not.toContain('hush-hush')
    expect(repo.git('rev-list', '--parents', '-1', 'autopilot/main').split(' ')[1]).toBe(head)
    expect(repo.git('ls-tree', '--name-only', 'autopilot/main').split('\n')).not.toContain('side')
    expect(repo.git('cat-file', '-t', side)).toBe('commit')
  },
)

test('no agent is reported if none reached beyond its workspace', async () => {
  const stage = scene()
  command(stage, 'git commit -q --allow-empty -m mine; git branch other; git config user.name Other; echo > a')
  stage.repo.git('branch', 'side')
  stage.repo.write('draft.txt', 'mine\n')
  const { records } = await stage.run(['run', '--output', 'json'])
  expect(toldTexts(records()).filter((text) => text.includes('by an agent'))).toEqual([])
})

test('with --target current a move of your branch by somebody else is reported, and work lands on top of it', async () => {
  const stage = scene()
  command(stage, 'git -C $HERE commit -q --allow-empty -m evil; echo > a')
  const { code, records } = await stage.run(['run', '--target', 'current', '--output', 'json'])
  expect(code).toBe(0)
  expect(toldTexts(records()).filter((text) => text.startsWith('main was moved by somebody else'))).toHaveLength(1)
  expect(stage.repo.git('log', '--format=%s', '-2')).toBe('a\nevil')
})

/** Ways to make git start a program, each with what a person would do next that starts it. */
const vectors: Readonly<Record<string, readonly [plant: (at: Planted) => void, use: (scene: Scene) => void]>> = {
  fsmonitor: [({ config, program }) => config('core.fsmonitor', program), ({ repo }) => void repo.git('status')],
  hook: [
    ({ gitDir, payload }) => {
      mkdirSync(join(gitDir, 'hooks'), { recursive: true })
      const hooks = ['reference-transaction', 'post-index-change', 'post-checkout', 'pre-commit', 'post-merge']
      for (const hook of hooks) writeFileSync(join(gitDir, 'hooks', hook), payload, { mode: 0o755 })
    },
    ({ repo }) => void repo.git('update-ref', 'refs/heads/x', 'HEAD'),
  ],
  smudge: [
    ({ config, program, attributes }) => {
      config('filter.evil.smudge', `${program}; cat`)
      attributes('*.txt filter=evil')
    },
    ({ repo }) => void repo.git('read-tree', '-u', '--reset', 'autopilot/main'),
  ],
  clean: [
    ({ config, program, attributes }) => {
      config('filter.wicked.clean', `${program}; cat`)
      attributes('*.md filter=wicked')
    },
    ({ repo }) => (repo.write('new.md', 'x\n'), void repo.git('add', 'new.md')),
  ],
  merge: [
    ({ config, program, attributes }) => {
      config('merge.evil.driver', `${program}; exit 1`)
      attributes('* merge=evil')
    },
    ({ repo }) => {
      const [base, main] = ['main', 'autopilot/main'].map((name) => repo.git('rev-parse', name)) as [string, string]
      const [ours, theirs] = [
        commitOn(repo, commitId(base), { 'one.txt': 'x\n' }),
        commitOn(repo, commitId(main), { 'one.txt': 'y\n' }),
      ]
      expect(() => repo.git('merge-tree', '--write-tree', ours, theirs)).toThrow()
    },
  ],
  diff: [
    ({ config, program }) => config('diff.external', program),
    ({ repo }) => void repo.git('diff', 'main', 'autopilot/main'),
  ],
  sign: [
    ({ config, program }) => {
      config('commit.gpgSign', 'true')
      config('gpg.program', program)
    },
    ({ repo }) => expect(() => repo.git('commit', '-q', '--allow-empty', '-m', 'x')).toThrow(),
  ],
  ssh: [
    ({ config, program }) => config('core.sshCommand', program),
    ({ repo }) => expect(() => repo.git('fetch', '-q', 'ssh://nowhere.invalid/x')).toThrow(),
  ],
}

interface Planted {
  readonly gitDir: string
  readonly program: string
  /** The program's text. */
  readonly payload: string
  readonly config: (key: string, value: string) => void
  readonly attributes: (line: string) => void
}

test('autopilot starts no program that an agent plants in its own .git and in yours, though your git would', async () => {
  const agents = await rig()
  const stage = scene({
    roadmap: riggedRoadmap(agents, { mallory: '', other: '', last: 'depends_on: [mallory, other]' }),
    files: { 'one.txt': 'one\n', 'two.txt': 'two\n' },
  })
  const { repo } = stage
  const ran = repo.beside('ran')
  mkdirSync(ran)
  const plantAll = (gitDir: string) => {
    for (const [name, [plant]] of Object.entries(vectors)) {
      const program = repo.beside(`payload-${name}`)
      const payload = `#!/bin/sh\n: > ${ran}/${name}\n`
      writeFileSync(program, payload, { mode: 0o755 })
      const config = (key: string, value: string) => {
        repo.gitIn('/', '--git-dir', gitDir, '-c', 'core.hooksPath=/dev/null', 'config', key, value)
      }
      const attributes = (line: string) => {
        mkdirSync(join(gitDir, 'info'), { recursive: true })
        writeFileSync(join(gitDir, 'info/attributes'), `${line}\n`, { flag: 'a' })
      }
      plant({ gitDir, program, payload, config, attributes })
    }
  }
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  const [mallory, other] = [await agents.next('mallory'), await agents.next('other')]
  await mallory.write('one.txt', 'mallory\n')
  await mallory.write('.gitattributes', '*.txt filter=evil merge=evil\n*.md filter=wicked\n')
  plantAll(join(mallory.cwd, '.git'))
  plantAll(join(repo.dir, '.git'))
  // Some of the commands that planted a program started one that was there already.
  for (const name of readdirSync(ran)) expect(name).toBe('hook')
  await mallory.exit(0)
  await running.saw('task_integrated')
  await other.write('two.txt', 'other\n')
  await other.exit(0)
  const last = await agents.next('last')
  await last.write('last.md', 'last\n')
  await last.exit(0)
  const { code, records } = await running.ended
  expect([code, readdirSync(ran)]).toEqual([0, []])
  expect(stage.subjects()).toEqual(['mallory', 'other', 'last'])
  expect([stage.landed('one.txt'), stage.landed('two.txt'), stage.landed('last.md')]).toEqual([
    'mallory',
    'other',
    'last',
  ])
  const told = toldTexts(records()).filter((text) => text.includes('by an agent'))
  for (const what of ['.git/config', '.git/info/attributes', 'the hooks'])
    expect(told.some((text) => text.startsWith(what))).toBe(true)
  expect(danglingCommits(stage, 'Fake Agent')).toEqual([])
  for (const [name, [, use]] of Object.entries(vectors)) {
    // Alone: if one fails, git does not get to the next.
    for (const key of ['core.hooksPath', 'core.fsmonitor', 'commit.gpgSign']) {
      const isOwn = { 'core.hooksPath': 'hook', 'core.fsmonitor': 'fsmonitor', 'commit.gpgSign': 'sign' }[key] === name
      if (!isOwn) process.env[`X_${key}`] = ''
    }
    use(stage)
    expect(readdirSync(ran), name).toContain(name)
  }
})

test('what a gate leaves running is gone when the run has ended', async () => {
  const gate = 'sleep 600 & echo $! > "$HOME/pid"; (sleep 601 & echo $! > "$HOME/pid2") & exit 0'
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', gates: [gate] })
  expect((await stage.run(['run'])).code).toBe(0)
  const pids = ['pid', 'pid2'].map((name) => Number(readFileSync(join(stage.repo.home, name), 'utf8')))
  expect(pids.map(isAlive)).toEqual([false, false])
})

test('of 100 MB that a gate prints, the log takes half, and the work lands', async () => {
  const gate = "head -c 100000000 /dev/zero | tr '\\000' x"
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', gates: [gate] })
  expect((await stage.run(['run'])).code).toBe(0)
  const runs = join(stage.repo.dir, '.autopilot/runs')
  const [log] = gateLogs(stage)
  const { size } = statSync(join(runs, readdirSync(runs)[0]!, 'gates', log!))
  expect(size).toBeGreaterThan(49_000_000)
  expect(size).toBeLessThan(53_000_000)
})

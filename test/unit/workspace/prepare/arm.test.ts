import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createGitRepo } from '../../../support/scenes/git-repo.js'
import { createRig, value, type Agent, type Rig, type RigOptions } from '../../../support/rigs/workspace-rig.js'

let rig: Rig

afterEach(() => rig.repo.remove())

async function rigOf(options: RigOptions = {}): Promise<Rig> {
  rig = await createRig({ files: { 'README.md': 'hello\n', 'src/a.txt': 'a\n' }, ...options })
  return rig
}

describe("the agent's own git directory", () => {
  it('stands on a branch of the task at the base, clean, with history and identity', async () => {
    const { leased, base } = await rigOf()
    const agent = await leased()
    expect(agent.git('status', '--porcelain=2', '--branch').split('\n')).toEqual([
      `# branch.oid ${base}`,
      expect.stringMatching(/^# branch\.head autopilot\/t1-[0-9a-f]{12}-1$/),
    ])
    expect(agent.git('log', '--format=%s')).toBe('first')
    expect(agent.git('branch', '--format=%(refname:short)').split('\n')).toHaveLength(1)
    agent.write('x', 'x')
    agent.git('add', 'x')
    agent.git('commit', '-qm', 'mine')
    expect(agent.git('log', '-1', '--format=%an <%ae>')).toBe('Ada <ada@example.org>')
    agent.git('fsck', '--strict')
  })

  it('has no remote, hook, stash or setting, and nothing of the attempt before', async () => {
    const { leased, workspaces, repo } = await rigOf()
    repo.git('remote', 'add', 'origin', 'https://example.org/x.git')
    const first = await leased(1)
    first.write('.git/hooks/post-commit', 'exit 1\n', 0o755)
    first.git('config', 'alias.x', 'status')
    first.git('remote', 'add', 'mine', '/tmp')
    first.git('commit', '-q', '--allow-empty', '-m', 'x')
    first.git('tag', 'v1')
    first.write('README.md', 'x')
    first.git('stash', '-q')
    workspaces.release(first.workspace)
    const second = await leased(2)
    expect(second.root).toBe(first.root)
    expect(readdirSync(join(second.root, '.git/hooks'))).toEqual([])
    expect([second.git('remote'), second.git('stash', 'list'), second.git('tag')]).toEqual(['', '', ''])
    expect(second.git('config', '--local', '--list')).not.toMatch(/alias|remote/)
    expect(second.git('log', '--format=%s')).toBe('first')
  })

  it("carries the user's excludes, attributes and content settings", async () => {
    const repo = createGitRepo({ globalConfig: '[core]\n\texcludesFile = ~/ignore\n' })
    repo.git('config', 'core.fileMode', 'false')
    writeFileSync(join(repo.home, 'ignore'), '*.global\n')
    mkdirSync(join(repo.dir, '.git/info'), { recursive: true })
    writeFileSync(join(repo.dir, '.git/info/exclude'), '*.local\n')
    writeFileSync(join(repo.dir, '.git/info/attributes'), '*.dos text eol=crlf\n')
    const { leased } = await rigOf({ repo })
    const agent = await leased()
    for (const name of ['a.global', 'a.local', 'a.other']) agent.write(name, 'x')
    expect(agent.git('status', '--porcelain')).toBe('?? a.other')
    expect(agent.git('check-attr', 'eol', 'a.dos')).toBe('a.dos: eol: crlf')
    expect(agent.git('config', 'core.fileMode')).toBe('false')
    expect((await rig.candidate(agent)).changedPaths).toEqual(['a.other'])
  })

  it('lies in a directory that only its owner can enter', async () => {
    const { leased, dir } = await rigOf()
    const { root } = await leased()
    expect([dir, root, join(root, '.git')].map((path) => statSync(path).mode & 0o077)).toEqual([0, 0, 0])
  })

  it("does not tie the agent's git to the user's refs, index or configuration", async () => {
    const { leased, repo } = await rigOf()
    const before = repo.git('for-each-ref')
    const agent = await leased()
    agent.git('checkout', '-qb', 'main2')
    agent.git('branch', '-f', 'main')
    agent.git('config', 'user.name', 'Mallory')
    expect(repo.git('for-each-ref')).toBe(before)
    expect(repo.git('config', 'user.name')).toBe('Ada')
  })
})

/** Each plants a program in the agent's own `.git` that plain git would start there. */
const payloads: readonly (readonly [string, (agent: Agent, program: string) => void])[] = [
  ['fsmonitor', ({ git }, program) => git('config', 'core.fsmonitor', program)],
  [
    'a filter',
    ({ git, write }, program) => {
      git('config', 'filter.evil.clean', program)
      write('.gitattributes', '*.txt filter=evil\n')
    },
  ],
  [
    'hooks',
    ({ root }, program) => {
      for (const hook of ['post-index-change', 'reference-transaction', 'pre-commit', 'post-checkout']) {
        symlinkSync(program, join(root, '.git/hooks', hook))
      }
    },
  ],
  [
    'a hooks directory',
    ({ git, root, write }, program) => {
      write('.tools/x', '')
      symlinkSync(program, join(root, '.tools/post-index-change'))
      git('config', 'core.hooksPath', '.tools')
    },
  ],
  [
    'another git directory',
    ({ root, git }, program) => {
      const elsewhere = join(rig.repo.home, 'elsewhere')
      git('init', '-q', '--bare', elsewhere)
      git('--git-dir', elsewhere, 'config', 'core.bare', 'false')
      git('--git-dir', elsewhere, 'config', 'core.fsmonitor', program)
      rmSync(join(root, '.git'), { recursive: true })
      writeFileSync(join(root, '.git'), `gitdir: ${elsewhere}\n`)
    },
  ],
  [
    'a repository in a submodule',
    ({ root, git, write }, program) => {
      const inSub = (...args: string[]) => rig.repo.gitIn(join(root, 'sub'), ...args)
      git('init', '-q', 'sub')
      // The very commit that the submodule is recorded at: only then does git ask whether it is dirty.
      inSub('fetch', '-q', rig.repo.dir, rig.repo.git('rev-parse', 'HEAD~1'))
      inSub('reset', '-q', '--hard', 'FETCH_HEAD')
      inSub('config', 'filter.evil.clean', program)
      write('sub/.gitattributes', '*.txt filter=evil\n')
      write('sub/a.txt', 'b\n')
    },
  ],
]

describe('a program planted by an agent', () => {
  it.each(payloads)('does not run when autopilot works there, but would under plain git: %s', async (_name, plant) => {
    const repo = createGitRepo({ files: { 'README.md': 'hello\n', 'a.txt': 'a\n' } })
    repo.git('update-index', '--add', '--cacheinfo', `160000,${repo.git('rev-parse', 'HEAD')},sub`)
    repo.git('commit', '-qm', 'a submodule')
    await rigOf({ repo })
    const agent = await rig.leased(1)
    const mark = repo.beside('mark')
    const program = repo.beside('program')
    writeFileSync(program, `#!/bin/sh\necho ran >> '${mark}'\ncat\n`, { mode: 0o755 })
    agent.write('a.txt', 'changed\n')
    plant(agent, program)
    rmSync(mark, { force: true })

    await rig.collect(agent)
    rig.workspaces.release(agent.workspace)
    // Used again if that is allowed: cleaned, checked out and armed.
    await rig.leased(2)
    expect(existsSync(mark)).toBe(false)

    const control = await rig.leased(3)
    control.write('a.txt', 'changed\n')
    rmSync(join(rig.repo.home, 'elsewhere'), { recursive: true, force: true })
    plant(control, program)
    rmSync(mark, { force: true })
    // Some of these end with an error of git's; what counts is that the program ran.
    spawnSync('git', ['-C', control.root, 'add', '-A'], { env: repo.env })
    expect(readFileSync(mark, 'utf8')).toContain('ran')
  })

  it('finds no object through the alternates that the agent named', async () => {
    const { leased, repo } = await rigOf()
    const agent = await leased()
    const other = repo.beside('other')
    agent.git('init', '-q', other)
    writeFileSync(join(other, 'x'), 'x')
    repo.gitIn(other, 'add', 'x')
    repo.gitIn(other, '-c', 'user.name=x', '-c', 'user.email=x', 'commit', '-qm', 'x')
    agent.write('.git/objects/info/alternates', `${other}/.git/objects\n${repo.dir}/.git/objects\n`)
    agent.git('update-ref', 'refs/heads/foreign', repo.gitIn(other, 'rev-parse', 'HEAD'))
    agent.git('commit', '-q', '--allow-empty', '-m', 'mine')
    expect((await rig.refused(agent)).kind).toBe('collect')
    expect(agent.git('log', '-1', '--format=%s')).toBe('mine')
  })

  it('collects its own work tree wherever core.worktree points', async () => {
    const { leased, repo } = await rigOf()
    const agent = await leased()
    agent.git('config', 'core.worktree', repo.dir)
    agent.write('new', 'x')
    expect(value(await rig.collect(agent))).toMatchObject({ changedPaths: ['new'] })
  })
})

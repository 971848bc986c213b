import { chownSync, mkdirSync, readFileSync, realpathSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { git } from '../../../../src/platform/git/git.js'
import { openRepository } from '../../../../src/workspace/repository/repository.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'
import { userBytes } from '../../../support/rigs/tree-bytes.js'

async function refusal(repo: GitRepo, dir = repo.dir) {
  const opened = await openRepository({ dir, env: repo.env })
  if (opened.ok) throw new Error('it was opened')
  return opened.error
}

describe('opening a repository', () => {
  it('finds the root, the branch and the commit from a folder inside', async () => {
    const repo = gitRepo({ files: { 'a/b/c.txt': 'c\n' } })
    const repository = await openRepo(repo, join(repo.dir, 'a/b'))
    expect(repository.root).toBe(repo.dir)
    expect(repository.head).toEqual({ commit: repo.git('rev-parse', 'HEAD'), branch: 'main' })
    expect(repository.objectFormat).toBe('sha1')
  })

  it('leaves every byte of the work tree, the index and the configuration as it was', async () => {
    const repo = gitRepo()
    repo.write('README.md', 'changed\n')
    repo.write('staged.txt', 'staged\n')
    repo.git('add', 'staged.txt')
    repo.write('new.txt', 'new\n')
    const before = userBytes(repo.dir)
    const repository = await openRepo(repo)
    expect(await repository.dirtyPaths(['new.txt'])).toEqual(['README.md', 'staged.txt'])
    expect(userBytes(repo.dir)).toEqual(before)
  })

  it('does not touch the index even if its recorded times are stale', async () => {
    const repo = gitRepo()
    utimesSync(join(repo.dir, 'README.md'), 1e9, 1e9)
    const before = userBytes(repo.dir)
    expect(await (await openRepo(repo)).dirtyPaths([])).toEqual([])
    expect(userBytes(repo.dir)).toEqual(before)
    // The control: plain git refreshes the index in the same state.
    repo.git('status')
    expect(userBytes(repo.dir)).not.toEqual(before)
  })

  it('sees uncommitted changes as the user sees them, with their own excludes', async () => {
    const repo = gitRepo({ globalConfig: '[core]\n\texcludesFile = ~/ignored\n' })
    writeFileSync(join(repo.home, 'ignored'), '*.swp\n')
    repo.write('x.swp', '')
    repo.write('folder/y.txt', '')
    expect(await (await openRepo(repo)).dirtyPaths([])).toEqual(['folder/y.txt'])
  })

  it('works in a linked work tree of the user, with the refs and objects of the shared directory', async () => {
    const repo = gitRepo()
    repo.git('worktree', 'add', '-q', '-b', 'side', repo.beside('linked'))
    const repository = await openRepo(repo, repo.beside('linked'))
    expect(repository).toMatchObject({ root: repo.beside('linked'), commonDir: join(repo.dir, '.git') })
    expect(repository.gitDir).toBe(join(repo.dir, '.git/worktrees/linked'))
    expect(repository.head.branch).toBe('side')
  })

  it('works in the checkout of a submodule, and names the submodules of the outer one', async () => {
    const inner = gitRepo()
    const outer = gitRepo()
    outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'lib/inner')
    outer.commit('with a submodule')
    expect((await openRepo(outer)).gitlinks).toEqual(['lib/inner'])
    const repository = await openRepo(outer, join(outer.dir, 'lib/inner'))
    expect(repository.root).toBe(join(outer.dir, 'lib/inner'))
    expect(repository.commonDir).toBe(join(outer.dir, '.git/modules/lib/inner'))
  })

  it('works on a shallow, detached checkout, and knows there that parents are missing', async () => {
    const origin = gitRepo()
    origin.commit('second')
    const repo = gitRepo({ files: false })
    repo.git('fetch', '-q', '--depth=1', `file://${origin.dir}`, 'main')
    repo.git('checkout', '-q', 'FETCH_HEAD')
    const repository = await openRepo(repo)
    expect(repository.head).toEqual({ commit: origin.git('rev-parse', 'HEAD') })
    const shallow = () => git(repository.trusted, ['rev-parse', '--is-shallow-repository'])
    expect(await shallow()).toEqual({ ok: true, value: 'true' })
    // Once the user fetches the rest, the next opening forgets it.
    repo.git('fetch', '-q', '--unshallow', `file://${origin.dir}`, 'main')
    await openRepo(repo)
    expect(await shallow()).toEqual({ ok: true, value: 'false' })
  })

  it('works on a repository with SHA-256 objects', async () => {
    const repo = gitRepo({ objectFormat: 'sha256' })
    const repository = await openRepo(repo)
    expect(repository.objectFormat).toBe('sha256')
    expect(repository.head.commit).toHaveLength(64)
  })

  it('commits as Autopilot for a user who has no identity, or half of one, and else as the user', async () => {
    const nobody = { name: 'Autopilot', email: 'autopilot@localhost' }
    expect((await openRepo(gitRepo({ identity: false }))).identity).toEqual(nobody)
    const half = gitRepo({ identity: false, globalConfig: '[user]\n\tname = Ada\n' })
    expect((await openRepo(half)).identity).toEqual(nobody)
    const local = gitRepo()
    local.git('config', 'user.email', 'ada@work.example')
    expect((await openRepo(local)).identity).toEqual({ name: 'Ada', email: 'ada@work.example' })
    const env = { ...local.env, GIT_AUTHOR_NAME: 'Grace <x>', GIT_AUTHOR_EMAIL: 'grace@example.org' }
    const opened = await openRepository({ dir: local.dir, env })
    expect(opened.ok && opened.value.identity).toEqual({ name: 'Grace x', email: 'grace@example.org' })
  })

  it('makes up no identity if user.useConfigOnly forbids it, not even from EMAIL', async () => {
    const strict = (user: string) =>
      gitRepo({ identity: false, globalConfig: `[user]\n\tuseConfigOnly = true\n${user}` })
    const open = ({ dir, env }: GitRepo) => openRepository({ dir, env: { ...env, EMAIL: 'ada@guess.example' } })
    expect(await open(strict('\tname = Ada\n'))).toMatchObject({
      ok: false,
      error: { code: 'no_identity', message: expect.stringContaining('git has no user.email') as string },
    })
    const whole = await open(strict('\tname = Ada\n\temail = ada@example.org\n'))
    expect(whole.ok && whole.value.identity).toEqual({ name: 'Ada', email: 'ada@example.org' })
  })
})

describe('refusing a repository', () => {
  it('refuses a folder that does not exist', async () => {
    expect((await refusal(gitRepo(), '/nowhere/at/all')).code).toBe('no_directory')
  })

  it('refuses when git is missing or too old', async () => {
    const repo = gitRepo()
    const bin = repo.beside('bin')
    mkdirSync(bin)
    const env = { ...repo.env, PATH: bin }
    expect(await openRepository({ dir: repo.dir, env })).toMatchObject({ error: { code: 'git_missing' } })
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho git version 2.34.1\n', { mode: 0o755 })
    expect(await openRepository({ dir: repo.dir, env })).toMatchObject({ error: { code: 'git_too_old' } })
  })

  it('refuses a folder outside any repository', async () => {
    const repo = gitRepo()
    expect((await refusal(repo, repo.home)).code).toBe('not_a_repository')
  })

  it('refuses a repository without a commit', async () => {
    expect((await refusal(gitRepo({ files: false }))).code).toBe('no_commit')
  })

  it('refuses a bare repository, and the inside of a git directory', async () => {
    const repo = gitRepo()
    repo.git('clone', '-q', '--bare', repo.dir, repo.beside('bare.git'))
    expect((await refusal(repo, repo.beside('bare.git'))).code).toBe('bare')
    expect((await refusal(repo, join(repo.dir, '.git'))).code).toBe('no_work_tree')
  })

  it.runIf(process.getuid?.() === 0)('refuses a repository of somebody else, and says how to trust it', async () => {
    const repo = gitRepo()
    chownSync(repo.dir, 12345, 12345)
    const { code, help } = await refusal(repo)
    expect(code).toBe('not_trusted')
    expect(help).toContain(`safe.directory ${repo.dir}`)
    writeFileSync(join(repo.home, '.gitconfig'), `[safe]\n\tdirectory = ${repo.dir}\n`)
    expect((await openRepo(repo)).root).toBe(repo.dir)
  })

  it.each([
    ['that git can read', '0', 'reftable'],
    ['that is newer than git', '1', 'reftable'],
    ['under a form and a path', '0', 'reftable:///srv/refs'],
  ])('refuses refs in tables, %s, and accepts them as files', async (_, version, form) => {
    const repo = gitRepo()
    repo.git('config', 'core.repositoryFormatVersion', version)
    repo.git('config', 'extensions.refStorage', form)
    const { code, message, help } = await refusal(repo)
    expect(code).toBe('refs_in_tables')
    expect(message).toContain(`${realpathSync(repo.dir)} does not keep its refs in files`)
    expect(help).toContain('git refs migrate --ref-format=files')
    const config = join(repo.dir, '.git', 'config')
    const asFiles = readFileSync(config, 'utf8')
      .replace(form, 'files')
      .replace(/version = 1/i, 'version = 0')
    writeFileSync(config, asFiles)
    expect((await openRepo(repo)).root).toBe(repo.dir)
  })

  it('refuses a partial clone until the command that it names has filled it', async () => {
    const origin = gitRepo({ files: { 'a.txt': 'old\n' } })
    origin.git('config', 'uploadpack.allowFilter', 'true')
    origin.write('a.txt', 'new\n')
    origin.commit('second')
    const url = `file://${origin.dir}`
    origin.git('clone', '-q', '--filter=blob:none', url, origin.beside('partial'))
    const { code, help } = await refusal(origin, origin.beside('partial'))
    expect(code).toBe('partial_clone')
    const command = /: git (.*)$/.exec(help)?.[1] ?? ''
    origin.gitIn(origin.beside('partial'), ...command.split(' '))
    expect((await openRepo(origin, origin.beside('partial'))).root).toBe(realpathSync(origin.beside('partial')))
  })

  it.each([
    ['a .gitattributes file deep in the tree', 'assets/.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n'],
    ['a quoted pattern', '.gitattributes', '# filter=none\n"a file.bin" -text filter=lfs\n'],
  ])('refuses a filter that is not set up, asked for by %s', async (_, path, text) => {
    const repo = gitRepo({ files: { [path]: text } })
    const { code, message, help } = await refusal(repo)
    expect(code).toBe('missing_filter')
    expect(message).toContain("'lfs'")
    expect(help).toContain('git lfs install')
    repo.git('config', 'filter.lfs.clean', 'cat')
    expect((await openRepo(repo)).root).toBe(repo.dir)
  })

  it.each([
    ['git-autopilot-gone clean -- %f', 'git-autopilot-gone is not on PATH'],
    ['"/nonexistent/git-crypt" clean', '/nonexistent/git-crypt is missing'],
  ])('refuses a filter whose program is gone: %s', async (command, said) => {
    const repo = gitRepo({ files: { '.gitattributes': '*.bin filter=lfs\n' } })
    repo.git('config', 'filter.lfs.clean', command)
    const { code, message, help } = await refusal(repo)
    expect([code, help]).toEqual(['missing_filter', expect.stringContaining('git lfs install')])
    expect(message).toContain(said)
    // A shell builtin is no program, and a filter that no file uses is not asked for.
    for (const other of ['exec cat', 'if true; then cat; fi', 'test -n x && cat']) {
      repo.git('config', 'filter.lfs.clean', other)
      expect((await openRepo(repo)).root).toBe(repo.dir)
    }
    repo.git('config', 'filter.unused.clean', command)
    expect((await openRepo(repo)).root).toBe(repo.dir)
  })

  it('refuses a missing filter of info/attributes too, but no comment and no unset one', async () => {
    const repo = gitRepo({ files: { '.gitattributes': '# *.a filter=lfs\n*.b -filter\n*.c !filter\nfilter=x text\n' } })
    expect((await openRepo(repo)).root).toBe(repo.dir)
    mkdirSync(join(repo.dir, '.git/info'), { recursive: true })
    writeFileSync(join(repo.dir, '.git/info/attributes'), '*.key filter=git-crypt\n')
    const { code, help } = await refusal(repo)
    expect(code).toBe('missing_filter')
    expect(help).toContain('git-crypt unlock')
  })
})

it.each([
  ['a broken line', '[user\n'],
  ['a value that is none', '[core]\n\tbare = perhaps\n'],
])('a user configuration with %s is not taken for a broken repository', async (_, globalConfig) => {
  const { dir, env, beside } = gitRepo()
  writeFileSync(beside('broken'), globalConfig)
  const opened = await openRepository({ dir, env: { ...env, GIT_CONFIG_GLOBAL: beside('broken') } })
  expect(opened).toMatchObject({ ok: false, error: { help: expect.stringContaining('git config --list') as string } })
})

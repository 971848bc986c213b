import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { git } from '../../../../src/platform/git/git.js'
import type { Repository } from '../../../../src/workspace/contract.js'
import { openRepository } from '../../../../src/workspace/repository/repository.js'
import { formatSettings } from '../../../../src/workspace/git/user-config.js'
import type { GitRepo } from '../../../support/scenes/git-repo.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

/** How autopilot's git sees the user's work tree: it adds everything to an index of its own. */
async function addAll(repo: GitRepo, { trusted, root }: Repository, index = 'index'): Promise<string[]> {
  const place = { ...trusted, workTree: root, indexFile: repo.beside(index) }
  const added = await git(place, ['add', '-A'])
  if (!added.ok) throw new Error(added.error.stderr)
  const files = await git(place, ['ls-files', '-s'])
  return files.ok ? files.value.split('\n').map((line) => line.replace('\t', ' ')) : []
}

describe('what is carried from the user’s configuration', () => {
  it('adds files with the line endings that the user configured', async () => {
    const repo = gitRepo({ globalConfig: '[core]\n\tautocrlf = true\n\tsafecrlf = false\n' })
    repo.write('dos.txt', 'one\r\ntwo\r\n')
    const files = await addAll(repo, await openRepo(repo))
    writeFileSync(repo.beside('plain.txt'), 'one\ntwo\n')
    const unix = repo.git('hash-object', '--no-filters', repo.beside('plain.txt'))
    expect(files).toContain(`100644 ${unix} 0 dos.txt`)
  })

  it('leaves out what the user excludes: in their home, in a file they named, and in info/exclude', async () => {
    const repo = gitRepo()
    mkdirSync(join(repo.dir, '.git/info'), { recursive: true })
    writeFileSync(join(repo.dir, '.git/info/exclude'), '*.local\n')
    mkdirSync(join(repo.home, '.config/git'), { recursive: true })
    writeFileSync(join(repo.home, '.config/git/ignore'), '*.home\n')
    for (const name of ['a.local', 'a.home', 'a.named', 'a.txt']) repo.write(name, name)
    const names = async (index: string) =>
      (await addAll(repo, await openRepo(repo), index)).map((line) => line.split(' ')[3])
    expect(await names('first')).toEqual(['README.md', 'a.named', 'a.txt'])
    // A file of their own takes the place of the one in their home.
    writeFileSync(join(repo.home, 'named'), '*.named\n')
    repo.git('config', 'core.excludesFile', '~/named')
    expect(await names('second')).toEqual(['README.md', 'a.home', 'a.txt'])
  })

  it('runs the user’s content filters, and finds the store they keep in the git directory', async () => {
    const filter = '[filter "sum"]\n\tclean = "cat \\"$GIT_DIR/lfs/key\\"; tr a-z A-Z"\n\trequired\n'
    const repo = gitRepo({ files: { '.gitattributes': '*.up filter=sum\n' }, globalConfig: filter })
    mkdirSync(join(repo.dir, '.git/lfs'))
    writeFileSync(join(repo.dir, '.git/lfs/key'), 'key:')
    repo.write('x.up', 'abc')
    const repository = await openRepo(repo)
    expect(repository.filterStores).toEqual(['lfs'])
    await addAll(repo, repository)
    const shown = await git({ ...repository.trusted, indexFile: repo.beside('index') }, ['cat-file', 'blob', ':x.up'])
    expect(shown).toEqual({ ok: true, value: 'key:ABC' })
  })

  it('carries no alias, hook path, merge driver, diff command or credential', async () => {
    const { carriedConfig } = await openRepo(
      gitRepo({
        globalConfig: [
          '[alias]\n\tst = !evil',
          '[core]\n\thooksPath = /evil\n\tfsmonitor = /evil\n\tautocrlf = input',
          '[merge "evil"]\n\tdriver = evil',
          '[diff "evil"]\n\tcommand = evil\n\ttextconv = evil',
          '[credential]\n\thelper = evil',
          '[include]\n\tpath = /evil\n',
        ].join('\n'),
      }),
    )
    expect(carriedConfig).toContain('autocrlf = "input"')
    expect(carriedConfig).not.toContain('evil')
  })

  it('does not see what changes in the home and in the repository after the start', async () => {
    const repo = gitRepo()
    const repository = await openRepo(repo)
    const late = '[core]\n\texcludesFile = /dev/null\n\tautocrlf = true\n[filter "x"]\n\tclean = false\n\trequired\n'
    writeFileSync(join(repo.home, '.gitconfig'), late)
    repo.git('config', 'filter.x.clean', 'false')
    repo.write('.gitattributes', '* filter=x\n')
    const seen = await git(repository.trusted, ['config', '--list', '--name-only'], { env: { HOME: repo.home } })
    expect(seen.ok && seen.value.split('\n').filter((key) => /^filter\.|autocrlf/.test(key))).toEqual([])
    expect(await addAll(repo, repository)).toHaveLength(2)
  })

  it('keeps the settings that an environment of CI gives instead of files', async () => {
    const repo = gitRepo()
    const env = { ...repo.env, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.eol', GIT_CONFIG_VALUE_0: 'crlf' }
    const opened = await openRepository({ dir: repo.dir, env })
    expect(opened.ok && opened.value.carriedConfig).toContain('eol = "crlf"')
    expect(opened.ok && (await opened.value.dirtyPaths([]))).toEqual([])
  })
})

describe('the trusted git directory', () => {
  it('is readable by its owner alone, and lies where git clean does not reach', async () => {
    const repo = gitRepo()
    const { trusted } = await openRepo(repo)
    repo.git('clean', '-ffdxq')
    expect(statSync(trusted.gitDir).mode & 0o777).toBe(0o700)
    expect(statSync(join(trusted.gitDir, 'config')).mode & 0o777).toBe(0o600)
  })

  it('is cleaned at each opening of whatever could change how git reads it', async () => {
    const repo = gitRepo()
    const { trusted } = await openRepo(repo)
    const before = readdirSync(trusted.gitDir).sort()
    writeFileSync(join(trusted.gitDir, 'commondir'), '/somewhere/else\n')
    writeFileSync(join(trusted.gitDir, 'config'), '[core]\n\tbare = true\n')
    mkdirSync(join(trusted.gitDir, 'hooks'))
    symlinkSync(repo.home, join(trusted.gitDir, 'lfs'))
    await openRepo(repo)
    expect(readdirSync(trusted.gitDir).sort()).toEqual(before)
    expect(await git(trusted, ['config', 'core.bare'])).toEqual({ ok: true, value: 'false' })
  })

  it('replaces a symbolic link in its place instead of writing through it', async () => {
    const repo = gitRepo()
    const elsewhere = repo.beside('elsewhere')
    mkdirSync(elsewhere)
    symlinkSync(elsewhere, join(repo.dir, '.git/autopilot'))
    await openRepo(repo)
    expect(readdirSync(elsewhere)).toEqual([])
  })
})

describe('writing a configuration', () => {
  it('says what git then reads back, whatever is in the value and the subsection', async () => {
    const repo = gitRepo()
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '"', '\\', '\n', '\t', '#', ';', '=', ']', 'é'),
      maxLength: 12,
    })
    const name = text.filter((value) => !value.includes('\n'))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), text, async (names, value) => {
        const settings = names.map((each) => ({ key: `filter.${each}.clean`, value }))
        writeFileSync(repo.beside('config'), formatSettings(settings))
        const read = await git({ gitDir: join(repo.dir, '.git') }, [
          'config',
          '-f',
          repo.beside('config'),
          '-z',
          '--list',
        ])
        expect(read).toEqual({ ok: true, value: settings.map((each) => `${each.key}\n${each.value}\0`).join('') })
      }),
      { numRuns: 40 },
    )
  })
})

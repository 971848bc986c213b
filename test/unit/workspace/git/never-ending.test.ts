import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openRepository } from '../../../../src/workspace/repository/repository.js'
import { createGitRepo, type GitRepo } from '../../../support/scenes/git-repo.js'

let repo: GitRepo | undefined

afterEach(() => repo?.remove())

function pipeAt(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  rmSync(path, { force: true })
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', path])
  return path
}

const global = (one: GitRepo, text: string) => appendFileSync(join(one.home, '.gitconfig'), text)

const ways: Readonly<Record<string, (one: GitRepo) => void>> = {
  'core.excludesFile': (one) => global(one, `[core]\n\texcludesFile = ${pipeAt(one.beside('pipe'))}\n`),
  'core.attributesFile by a home path': (one) => {
    pipeAt(join(one.home, 'attributes'))
    global(one, '[core]\n\tattributesFile = ~/attributes\n')
  },
  'the usual excludes file': (one) => void pipeAt(join(one.home, '.config/git/ignore')),
  'an included file': (one) => {
    pipeAt(join(one.home, 'more'))
    global(one, '[include]\n\tpath = more\n')
  },
  'a file that an included file includes on a condition': (one) => {
    pipeAt(one.beside('pipe'))
    writeFileSync(join(one.home, 'more'), `[includeIf "onbranch:main"] path = "${one.beside('pipe')}"\n`)
    global(one, '[include]\n\tpath = ~/more\n')
  },
  'the configuration of the repository': (one) => void pipeAt(join(one.dir, '.git/config')),
  '.git/info/attributes': (one) => void pipeAt(join(one.dir, '.git/info/attributes')),
  'a link to a device': (one) => {
    symlinkSync('/dev/zero', one.beside('zero'))
    global(one, `[core]\n\texcludesFile = ${one.beside('zero')}\n`)
  },
}

test.each(Object.entries(ways))('a pipe or a device as %s is refused by name, not waited for', async (_what, make) => {
  repo = createGitRepo({ files: { 'README.md': 'hello\n' } })
  make(repo)
  const opened = await openRepository({ dir: repo.dir, env: repo.env })
  expect(opened).toMatchObject({ ok: false, error: { code: 'not_a_file' } })
  expect(opened.ok ? '' : opened.error.message).toMatch(
    /^\/.+, .+, is a pipe or a device, and git would wait for it\.$/,
  )
})

test('files that are there, files that are not, and the empty device are what they always were', async () => {
  repo = createGitRepo({ files: { 'README.md': 'hello\n' } })
  writeFileSync(join(repo.home, 'more'), '[core]\n\tattributesFile = /dev/null\n')
  global(repo, '[include]\n\tpath = more\n[include]\n\tpath = not-there\n[core]\n\texcludesFile = /dev/null\n')
  expect(await openRepository({ dir: repo.dir, env: repo.env })).toMatchObject({ ok: true })
})

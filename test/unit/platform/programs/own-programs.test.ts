import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { askProgram } from '../../../../src/platform/processes/ask-program.js'
import {
  barPrograms,
  barProgramsAround,
  barredProgram,
  behindLauncher,
  ownPath,
  ownProgram,
  pathInWorkspace,
} from '../../../../src/platform/programs/own-programs.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

function program(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '#!/bin/sh\necho 1.2.3\n')
  chmodSync(path, 0o755)
  return path
}

function scene() {
  const home = tempDir()
  const repository = join(home, 'project')
  mkdirSync(join(repository, '.git'), { recursive: true })
  const planted = program(join(repository, 'node_modules/.bin/tool'))
  const own = program(join(home, 'bin/tool'))
  const theirs = dirname(planted)
  return { home, repository, planted, own, theirs, path: ['', 'node_modules/.bin', theirs, dirname(own)].join(':') }
}

test('autopilot’s own programs come neither from relative entries of PATH nor from the repository', () => {
  const { home, repository, planted, own, theirs, path } = scene()
  // The control: as any other directory it would count.
  expect(ownProgram('tool', path)).toBe(planted)
  barProgramsAround(join(repository, 'node_modules'))
  expect(ownProgram('tool', path)).toBe(own)
  expect(ownPath(path)).toBe(dirname(own))
  const linked = join(home, 'linked')
  symlinkSync(theirs, linked)
  expect(ownProgram('tool', `${linked}:${dirname(own)}`)).toBe(own)
  mkdirSync(join(home, 'more'))
  symlinkSync(planted, join(home, 'more/tool'))
  expect(ownProgram('tool', `${join(home, 'more')}:${dirname(own)}`)).toBe(own)
})

test('a program that is named by its path is looked for nowhere else', () => {
  const { repository, planted, own, path } = scene()
  barPrograms(repository)
  expect(ownProgram(own, '/usr/bin')).toBe(own)
  expect(ownProgram(planted, path)).toBeUndefined()
  expect(ownProgram(join(dirname(own), 'none'), path)).toBeUndefined()
})

test('a launcher is left out where the program behind it is found, but not for one that the repository has brought', () => {
  const { home, repository, planted } = scene()
  barPrograms(repository)
  const launcher = program(join(home, 'lib/cli/loader.js'))
  const behind = program(join(home, 'lib/cli-linux/cli'))
  symlinkSync(launcher, join(home, 'bin/cli'))
  const places = ['node_modules/cli-linux/cli', '../cli-linux/cli']
  expect(behindLauncher(join(home, 'bin/cli'), places)).toBe(behind)
  expect(behindLauncher(join(home, 'bin/cli'), ['../none'])).toBe(join(home, 'bin/cli'))
  chmodSync(behind, 0o644)
  expect(behindLauncher(launcher, places)).toBe(launcher)
  rmSync(behind)
  symlinkSync(planted, behind)
  expect(behindLauncher(launcher, places)).toBe(launcher)
})

test('a PATH with nothing left in it never means the current directory', () => {
  const { repository, theirs } = scene()
  barPrograms(repository)
  expect(ownPath(`:.:${theirs}`)).toMatch(/^\/usr\/.*bin$/)
})

test('a program that is only in the repository is not run, and is reported', async () => {
  const { repository, planted, theirs } = scene()
  barPrograms(repository)
  expect(ownProgram('tool', theirs)).toBeUndefined()
  expect(barredProgram('tool', theirs)).toBe(planted)
  const { exit } = await askProgram('tool', ['--version'], { env: { PATH: theirs } })
  expect(exit).toMatchObject({ type: 'not_started', message: expect.stringContaining(planted) as string })
})

test('entries of PATH below the repository become the workspace’s for its tools, even behind a link', () => {
  const { home, repository, theirs, own } = scene()
  const link = join(home, 'link')
  symlinkSync(repository, link)
  const given = [theirs, 'bin', dirname(own), join(link, '.venv/bin'), `${repository}-other/bin`]
  expect(pathInWorkspace(given.join(':'), repository, '/w/1').split(':')).toEqual([
    '/w/1/node_modules/.bin',
    'bin',
    dirname(own),
    `${link}/.venv/bin`,
    `${repository}-other/bin`,
  ])
  mkdirSync(join(repository, '.venv/bin'), { recursive: true })
  expect(pathInWorkspace(join(link, '.venv/bin'), repository, '/w/1')).toBe('/w/1/.venv/bin')
})

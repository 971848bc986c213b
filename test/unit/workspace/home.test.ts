import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { homeFault } from '../../../src/workspace/home.js'
import { tempDir } from '../../support/rigs/temp-dir.js'

it('workspaces may lie beside and around a work tree, never inside, not even through links', async () => {
  const dir = tempDir()
  const root = join(dir, 'repo')
  mkdirSync(join(root, 'sub'), { recursive: true })
  symlinkSync(join(root, 'sub'), join(dir, 'link'))
  const faults = async (...paths: string[]) =>
    Promise.all(paths.map(async (path) => [path, await homeFault(join(dir, path), root)]))
  expect(await faults('repo', 'repo/new/deep', 'link', 'link/new')).toEqual([
    ['repo', 'inside'],
    ['repo/new/deep', 'inside'],
    ['link', 'inside'],
    ['link/new', 'inside'],
  ])
  expect(await faults('.', 'new/deep', 'repo2', '..new')).toEqual([
    ['.', undefined],
    ['new/deep', undefined],
    ['repo2', undefined],
    ['..new', undefined],
  ])
})

it('a directory that cannot be made there is reported', async () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'repo'))
  writeFileSync(join(dir, 'file'), '', { mode: 0o777 })
  expect(await homeFault(join(dir, 'file'), join(dir, 'repo'))).toBe('not_writable')
  expect(await homeFault(join(dir, 'file', 'new'), join(dir, 'repo'))).toBe('not_writable')
})

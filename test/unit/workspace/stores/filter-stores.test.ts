import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { ownProgram } from '../../../../src/platform/programs/own-programs.js'
import { takeLfsObjects } from '../../../../src/workspace/stores/lfs-objects.js'
import { checkSeal } from '../../../../src/workspace/repository/trusted.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { createRig } from '../../../support/rigs/workspace-rig.js'

const lfs = '[filter "lfs"]\n\tclean = cat\n\tsmudge = cat\n'

function store(folder: string, content: string, name?: string): string {
  const oid = name ?? createHash('sha256').update(content).digest('hex')
  const path = join('objects', oid.slice(0, 2), oid.slice(2, 4), oid)
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
  return path
}

it('the user has a store of Git LFS where it is set up, and what landed while there was none moves into it', async () => {
  const repo = gitRepo({ globalConfig: lfs })
  const own = join(repo.dir, '.git/autopilot/git/lfs')
  const path = store(own, 'landed')
  const { filterStores } = await openRepo(repo)
  expect(filterStores).toEqual(['lfs'])
  expect(readFileSync(join(repo.dir, '.git/lfs', path), 'utf8')).toBe('landed')
  writeFileSync(join(own, 'through'), '')
  expect(existsSync(join(repo.dir, '.git/lfs/through'))).toBe(true)
  // Without the filter nothing is made.
  const plain = gitRepo()
  expect([(await openRepo(plain)).filterStores, existsSync(join(plain.dir, '.git/lfs'))]).toEqual([[], false])
})

it('a store that lfs.storage names is the one that counts', async () => {
  const repo = gitRepo({ globalConfig: lfs })
  const elsewhere = repo.beside('store')
  repo.git('config', 'lfs.storage', elsewhere)
  const path = store(elsewhere, 'theirs')
  await openRepo(repo)
  expect(readFileSync(join(repo.dir, '.git/autopilot/git/lfs', path), 'utf8')).toBe('theirs')
  expect(existsSync(join(repo.dir, '.git/lfs'))).toBe(false)
})

it('only content that is what its name says is taken from an agent, and no link is followed', async () => {
  const from = tempDir()
  const to = join(tempDir(), 'store')
  const good = store(from, 'good')
  store(from, 'wrong', 'a'.repeat(64))
  store(from, 'odd', 'b'.repeat(63))
  const secret = join(tempDir(), 'secret')
  writeFileSync(secret, 'secret')
  const linked = store(from, 'secret')
  rmSync(join(from, linked))
  symlinkSync(secret, join(from, linked))
  symlinkSync(dirname(secret), join(from, 'objects/ff'))
  await takeLfsObjects(from, to)
  const files = readdirSync(to, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.map(({ name }) => name)).toEqual([good.slice(-64)])
})

it('files that an agent has locked with git-crypt fail by name; if it only lost its keys, or there were none, all is as usual', async () => {
  const repo = gitRepo({ files: { 'a.key': 'plain\n' } })
  mkdirSync(join(repo.dir, '.git/git-crypt/keys'), { recursive: true })
  writeFileSync(join(repo.dir, '.git/git-crypt/keys/default'), 'key')
  const { leased, candidate, refused } = await createRig({ repo })
  const without = await leased()
  rmSync(join(without.root, '.git'), { recursive: true })
  without.write('new.txt', 'new')
  expect((await candidate(without)).changedPaths).toEqual(['new.txt'])
  const locked = await leased(2)
  rmSync(join(locked.root, '.git/git-crypt/keys/default'))
  locked.write('a.key', '\0GITCRYPT\0sealed')
  expect(await refused(locked)).toMatchObject({ kind: 'collect', paths: ['a.key'] })
  // With its keys it may make such a file.
  const other = await leased(3)
  other.write('b.key', '\0GITCRYPT\0sealed')
  expect((await candidate(other)).changedPaths).toEqual(['b.key'])
})

it('an agent has copies of the keys of git-crypt, so that locking its workspace leaves yours', async () => {
  const { repo, leased } = await createRig()
  const before = await leased()
  expect(existsSync(join(before.root, '.git/git-crypt'))).toBe(false)
  const key = '.git/git-crypt/keys/default'
  mkdirSync(dirname(join(repo.dir, key)), { recursive: true })
  writeFileSync(join(repo.dir, key), 'key')
  const { leased: again } = await createRig({ repo, dirName: 'others' })
  const agent = await again(2)
  expect(agent.read(key)).toBe('key')
  rmSync(join(agent.root, '.git/git-crypt'), { recursive: true })
  expect(readFileSync(join(repo.dir, key), 'utf8')).toBe('key')
})

const isInstalled = ownProgram('git-lfs') !== undefined

it.skipIf(!isInstalled)('git-lfs itself leaves the seal of autopilot’s own git as it is', async () => {
  const settings =
    '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\tprocess = git-lfs filter-process\n\trequired\n'
  const repo = gitRepo({ files: { '.gitattributes': '*.bin filter=lfs -text\n' }, globalConfig: settings })
  repo.write('a.bin', 'content\n')
  repo.commit()
  const { repository, leased, candidate } = await createRig({ repo })
  const agent = await leased()
  expect(agent.read('a.bin')).toBe('content\n')
  agent.write('b.bin', 'more\n')
  const { commit } = await candidate(agent)
  expect(checkSeal(repository)).toEqual({ ok: true, value: undefined })
  const stored = createHash('sha256').update('more\n').digest('hex')
  expect(execFileSync('find', [join(repo.dir, '.git/lfs/objects'), '-name', stored], { encoding: 'utf8' })).not.toBe('')
  expect(repo.git('cat-file', 'blob', `${commit}:b.bin`)).toContain(stored)
})

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { RunId } from '../../../../src/domain/brand.js'
import { expect, test } from 'vitest'
import { runId } from '../../../support/brands.js'
import { openBerths, type BerthsOptions } from '../../../../src/workspace/lease/berths.js'
import { ownerOf } from '../../../../src/workspace/lease/owner.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { value } from '../../../support/rigs/workspace-rig.js'

const first = runId('20260101-000000-aaaa')
const second = runId('20260102-000000-bbbb')

function stage() {
  const dir = tempDir()
  const home = join(dir, 'cache', 'repo')
  const root = join(dir, 'root')
  mkdirSync(root)
  const berths = (run: RunId, options: Partial<BerthsOptions> = {}) =>
    openBerths({ home, use: 'agents', runId: run, root, commonDir: join(root, '.git'), ...options })
  const nameOf = async (run: RunId, options: Partial<BerthsOptions> = {}) =>
    basename(value(await berths(run, options).take()).dir)
  return { dir, home, berths, nameOf }
}

test('a run gets the berth, and the names, of an earlier run that is done with them', async () => {
  const { berths, home } = stage()
  const one = berths(first)
  const taken = value(await one.take())
  mkdirSync(join(taken.dir, `${taken.prefix}1`))
  rmSync(join(taken.dir, `${taken.prefix}1`), { recursive: true })
  await one.leave()
  expect(existsSync(home)).toBe(false)
  expect(value(await berths(second).take())).toEqual(taken)
})

test('an earlier run that still has something in its berth keeps it: the next run takes another, and a third takes that again', async () => {
  const { berths, home } = stage()
  const one = berths(first)
  const { dir, prefix } = value(await one.take())
  mkdirSync(join(dir, `${prefix}1`))
  await one.leave()
  const two = berths(second)
  const other = value(await two.take())
  expect([basename(dir), basename(other.dir)]).toEqual(['1', '2'])
  expect(other.prefix).not.toBe(prefix)
  await two.leave()
  expect(value(await berths(runId('20260103-000000-cccc')).take())).toEqual(other)
  expect(readdirSync(dir)).toEqual(['.owner', `${prefix}1`])
  // The run itself finds its own again.
  expect(value(await berths(first).take())).toEqual({ dir, prefix })
  expect(await ownerOf(join(home, '1'))).toBe(first)
})

test('gates have berths of their own, and no two berths of a machine have the same names', async () => {
  const { berths, dir } = stage()
  const elsewhere = { home: join(dir, 'other container', 'repo') }
  const neighbour = { home: join(dir, 'cache', 'repo2'), commonDir: join(dir, 'root2', '.git') }
  const taken = [
    await berths(first).take(),
    await berths(first, { use: 'gates' }).take(),
    await berths(second).take(),
    await berths(first, elsewhere).take(),
    await berths(first, neighbour).take(),
  ].map(value)
  expect(taken.map((one) => basename(one.dir))).toEqual(['1', '1-gates', '2', '1', '1'])
  const prefixes = taken.map(({ prefix }) => prefix)
  expect(new Set(prefixes).size).toBe(5)
  // A name that docker compose accepts unchanged as a project's name.
  for (const prefix of prefixes) expect(prefix).toMatch(/^[0-9a-f]{8}-$/)
})

test('of runs that take a berth at the same moment, none gets another’s', async () => {
  const { berths } = stage()
  const ids = Array.from({ length: 24 }, (_, index) => runId(`20260101-000000-${(index + 4096).toString(16)}`))
  const dirs = (await Promise.all(ids.map((id) => berths(id).take()))).map((taken) => value(taken).dir)
  expect(new Set(dirs).size).toBe(24)
  for (const [index, dir] of dirs.entries()) expect(await ownerOf(dir)).toBe(ids[index])
})

test('several requests at once for the workspaces of one run get one berth', async () => {
  const { berths, home } = stage()
  const one = berths(first)
  const dirs = (await Promise.all([one.take(), one.take(), one.take()])).map((taken) => value(taken).dir)
  expect(new Set(dirs).size).toBe(1)
  expect(readdirSync(home)).toEqual(['1'])
})

test('a berth that does not say whose it is, or says it in a way that never ends, is somebody’s', async () => {
  const { nameOf, home } = stage()
  for (const name of ['1', '2', '3', '4']) mkdirSync(join(home, name), { recursive: true })
  writeFileSync(join(home, '2', '.owner'), '{"run": "2026')
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(home, '3', '.owner')])
  mkdirSync(join(home, '4', '.owner'))
  writeFileSync(join(home, '5'), 'a file')
  expect(await nameOf(first)).toBe('6')
  expect(readdirSync(home)).toEqual(['1', '2', '3', '4', '5', '6'])
})

test('a berth that was removed or lost its owner under a run at work is not used again as if nothing had been', async () => {
  const { berths } = stage()
  const one = berths(first)
  const { dir } = value(await one.take())
  rmSync(dirname(dir), { recursive: true })
  expect(value(await one.take()).dir).toBe(dir)
  expect(await ownerOf(dir)).toBe(first)
  rmSync(join(dir, '.owner'))
  expect(basename(value(await one.take()).dir)).toBe('2')
  await one.leave()
  expect(existsSync(dirname(dir))).toBe(false)
})

test('a link that an agent put in the place of a berth, or of what is around it, is not followed', async () => {
  const { berths, dir: around, home } = stage()
  const one = berths(first)
  const { dir } = value(await one.take())
  const outside = join(around, 'precious')
  renameSync(dir, outside)
  symlinkSync(outside, dir)
  expect(basename(value(await one.take()).dir)).toBe('2')
  renameSync(home, join(around, 'moved'))
  symlinkSync(join(around, 'root'), home)
  expect(await one.take()).toMatchObject({ ok: false, error: { kind: 'infrastructure' } })
  await one.leave()
  expect([readdirSync(outside), readdirSync(join(around, 'root'))]).toEqual([['.owner'], []])
})

test('what an agent left beside its workspace stays, under the run’s name, and holds no berth', async () => {
  const { berths, nameOf, home } = stage()
  const one = berths(first)
  const { dir } = value(await one.take())
  writeFileSync(join(dir, 'notes.txt'), 'mine')
  await one.leave()
  expect(readdirSync(home)).toEqual(['260101000000aaaa'])
  expect(readdirSync(join(home, '260101000000aaaa'))).toContain('notes.txt')
  expect(await nameOf(second)).toBe('1')
})

test('a berth is announced before it is used, and again before it may be another’s', async () => {
  const { berths } = stage()
  const told: string[] = []
  const one: ReturnType<typeof berths> = berths(first, {
    onTaken: (place) => Promise.resolve(void told.push(`+${place}`)),
    onLeft: async (place) => void told.push(`-${place} of ${await ownerOf(dir)}`),
  })
  const { dir } = value(await one.take())
  expect(told).toEqual(['+repo/1'])
  await one.take()
  await one.leave()
  expect(told).toEqual(['+repo/1', `-repo/1 of ${first}`])
})

test('workspaces of the run may be where nothing says that they are another’s', async () => {
  const { berths, home, dir } = stage()
  value(await berths(second).take())
  for (const name of ['2', 'photos']) mkdirSync(join(home, name))
  const former = join(dir, 'former')
  mkdirSync(former)
  // As if the configuration has named another directory since.
  const before = join(dir, 'elsewhere', 'repo')
  const theirs = value(await berths(first, { home: before }).take()).dir
  expect(await berths(first).mayHold(theirs)).toBe(false)
  const one = berths(first, { former: [former], homes: [before] })
  expect(await one.mayHold(theirs)).toBe(true)
  expect(await one.mayHold(join(home, '1'))).toBe(false)
  expect(await one.mayHold(join(home, '2'))).toBe(true)
  expect(await one.mayHold(former)).toBe(true)
  for (const other of [join(home, 'photos'), home, dir, join(dir, '2')]) expect(await one.mayHold(other)).toBe(false)
})

test('a seed that a crash cut off is made again', async () => {
  const { berths, dir } = stage()
  mkdirSync(join(dir, 'cache'))
  writeFileSync(join(dir, 'cache', '.seed'), '')
  const one = value(await berths(first).take())
  expect(value(await berths(first).take())).toEqual(one)
  expect(readdirSync(join(dir, 'cache')).sort()).toEqual(['.seed', 'repo'])
})

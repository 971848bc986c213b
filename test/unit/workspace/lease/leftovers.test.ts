import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { runId } from '../../../support/brands.js'
import { planClean, type Leftover } from '../../../../src/domain/run/ledger.js'
import {
  findLeftovers,
  removeEmptyHomes,
  removeLeftover,
  stillThere,
} from '../../../../src/workspace/lease/leftovers.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const run = runId('20260101-000000-aaaa')
const next = '20260102-000000-bbbb'

function stage() {
  const dir = tempDir()
  const places = { homes: [join(dir, 'cache', 'repo')], root: join(dir, 'root'), commonDir: join(dir, 'root', '.git') }
  const make = (path: string) => {
    mkdirSync(join(dir, path), { recursive: true })
    writeFileSync(join(dir, path, 'file'), 'content')
    return join(dir, path)
  }
  make('root/.git')
  return { dir, places, make }
}

test('workspaces, those of gates and the notes on them are found by their names, and nothing else', async () => {
  const { places, make, dir } = stage()
  const workspace = make(`cache/repo/${run}/1`)
  const gate = make(`cache/repo/${run}-gates/2`)
  const notes = make(`root/.git/autopilot/workspaces/${run}`)
  make(`cache/repo/${run}/notes`)
  make('cache/repo/photos/1')
  make(`cache/other/${run}/1`)
  symlinkSync(make('elsewhere'), join(dir, 'cache', 'repo', run, '3'))
  symlinkSync(make('far/away'), join(dir, 'cache', 'repo', '20260102-000000-bbbb'))
  expect(await findLeftovers(places)).toEqual([
    { path: workspace, runId: run, kind: 'workspace' },
    { path: gate, runId: run, kind: 'gate' },
    { path: notes, runId: run, kind: 'notes' },
  ])
  expect(await findLeftovers(places, runId('20260103-000000-cccc'))).toEqual([])
})

test('those of earlier runs, which had longer names, are found beside those of now', async () => {
  const { places, make } = stage()
  const former = make(`cache/repo/${run}/12`)
  const now = make('cache/repo/260102000000bbbb/0f3a1c92-3')
  const gate = make('cache/repo/260102000000bbbb-gates/9f3a1c92-1')
  for (const other of ['0f3a1c92-x', '0f3a1c9-3', 'photos-1']) make(`cache/repo/260102000000bbbb/${other}`)
  make('cache/repo/26010200000bbbb/0f3a1c92-3')
  const found = await findLeftovers(places)
  expect(found.map(({ path, runId, kind }) => [path, runId, kind]).sort()).toEqual(
    [
      [former, run, 'workspace'],
      [now, next, 'workspace'],
      [gate, next, 'gate'],
    ].sort(),
  )
  expect((await findLeftovers(places, runId(next))).map(({ path }) => path).sort()).toEqual([gate, now].sort())
})

test('removing takes the surrounding directories along once they are empty, and leaves what links lead to', async () => {
  const { places, make, dir } = stage()
  const first = make(`cache/repo/${run}/1`)
  const outside = make('precious')
  symlinkSync(outside, join(first, 'link'))
  make(`cache/repo/${run}/2`)
  const [one, two] = await findLeftovers(places)
  expect(await removeLeftover(places, one!)).toEqual({ ok: true, value: undefined })
  expect(existsSync(first)).toBe(false)
  expect(existsSync(join(outside, 'file'))).toBe(true)
  expect(existsSync(join(dir, 'cache', 'repo', run, '2'))).toBe(true)
  expect((await removeLeftover(places, two!)).ok).toBe(true)
  expect(existsSync(join(dir, 'cache', 'repo'))).toBe(false)
  expect(existsSync(join(dir, 'cache'))).toBe(true)
})

test('a directory that was replaced by a link meanwhile is left alone, and so is one behind a link', async () => {
  const { places, make, dir } = stage()
  const workspace = make(`cache/repo/${run}/1`)
  const [found] = await findLeftovers(places)
  const precious = make('precious')
  rmSync(workspace, { recursive: true })
  symlinkSync(precious, workspace)
  expect((await removeLeftover(places, found!)).ok).toBe(false)
  rmSync(workspace)
  renameSync(join(dir, 'cache', 'repo', run), join(dir, 'moved'))
  symlinkSync(join(dir, 'moved'), join(dir, 'cache', 'repo', run))
  mkdirSync(join(dir, 'moved', '1'))
  expect((await removeLeftover(places, found!)).ok).toBe(false)
  expect(existsSync(join(dir, 'moved', '1'))).toBe(true)
  expect(existsSync(join(precious, 'file'))).toBe(true)
})

test('what the user works in is never removed, wherever it lies', async () => {
  const { places, make, dir } = stage()
  const root = make(`cache/repo/${run}/1/inside`)
  const commonDir = join(dir, 'root', '.git')
  const here = { ...places, root }
  const [found] = await findLeftovers(here)
  expect((await removeLeftover(here, found!)).ok).toBe(false)
  const stranger = { path: join(dir, 'root'), runId: run, kind: 'workspace' } as const
  expect((await removeLeftover(places, stranger)).ok).toBe(false)
  const notes = { path: commonDir, runId: run, kind: 'notes' } as const
  expect((await removeLeftover(places, notes)).ok).toBe(false)
  expect(existsSync(join(root, 'file')) && existsSync(join(commonDir, 'file'))).toBe(true)
})

test('of given paths, those that are still directories are returned', async () => {
  const { make, dir } = stage()
  const there = make('there')
  expect(await stillThere([there, join(dir, 'gone'), join(there, 'file')], runId(run))).toEqual(new Set([there]))
})

test('those in berths are found by their owner; one without a readable owner is held, and no run’s', async () => {
  const { places, make, dir } = stage()
  const own = (berth: string, owner: string) =>
    writeFileSync(join(dirname(make(`${berth}/0f3a1c92-1`)), '.owner'), owner)
  own('cache/repo/1', JSON.stringify({ run }))
  own('cache/repo/2', JSON.stringify({ run: next }))
  own('cache/repo/2-gates', JSON.stringify({ run: next }))
  make('cache/repo/3/0f3a1c92-1')
  own('cache/repo/4-gates', '{"run": ')
  own('cache/repo/5', '{"run": "../../elsewhere"}')
  const told = (found: readonly Leftover[]) =>
    found.map(({ path, runId, kind, holds }) => [basename(dirname(path)), runId, kind, holds !== undefined]).sort()
  expect(told(await findLeftovers(places))).toEqual([
    ['1', run, 'workspace', false],
    ['2', next, 'workspace', false],
    ['2-gates', next, 'gate', false],
    ['3', undefined, 'workspace', true],
    ['4-gates', undefined, 'gate', true],
    ['5', undefined, 'workspace', true],
  ])
  expect(told(await findLeftovers(places, run))).toEqual([['1', run, 'workspace', false]])
  // With its notes a run could still take up a workspace without an owner.
  const notes = make(`root/.git/autopilot/workspaces/${run}`)
  const plan = planClean([], await findLeftovers(places), false)
  expect([plan.leftovers.length, plan.kept.leftovers.length]).toEqual([3, 3])
  expect(plan.leftovers.map(({ path }) => path)).not.toContain(notes)
  const held = async () => (await findLeftovers(places, runId(run))).find(({ path }) => path === notes)?.holds
  expect(await held()).toBe('there is a workspace whose run is unknown')
  for (const name of ['3', '4-gates', '5']) rmSync(join(dir, 'cache', 'repo', name), { recursive: true })
  expect(await held()).toBeUndefined()
})

test('one that belongs to another run by now is neither removed nor taken for what was there', async () => {
  const { places, make } = stage()
  const workspace = make('cache/repo/1/0f3a1c92-1')
  const owner = join(dirname(workspace), '.owner')
  writeFileSync(owner, JSON.stringify({ run }))
  const [found] = await findLeftovers(places)
  expect(await stillThere([workspace], runId(run))).toEqual(new Set([workspace]))
  writeFileSync(owner, JSON.stringify({ run: next }))
  expect(await stillThere([workspace], runId(run))).toEqual(new Set())
  expect((await removeLeftover(places, found!)).ok).toBe(false)
  expect(existsSync(join(workspace, 'file'))).toBe(true)
  writeFileSync(owner, JSON.stringify({ run }))
  expect((await removeLeftover(places, found!)).ok).toBe(true)
  expect(existsSync(dirname(workspace))).toBe(false)
})

test('empty berths are removed, with an owner, without one, or half taken', async () => {
  const { places, dir } = stage()
  const home = join(dir, 'cache', 'repo')
  for (const name of ['1', '2', '3-gates', '.berth-0a1b2c3d']) mkdirSync(join(home, name), { recursive: true })
  writeFileSync(join(home, '1', '.owner'), JSON.stringify({ run }))
  writeFileSync(join(home, '2', '.owner'), 'torn')
  writeFileSync(join(home, '.berth-0a1b2c3d', '.owner'), JSON.stringify({ run }))
  await removeEmptyHomes(places)
  expect(existsSync(home)).toBe(false)
})

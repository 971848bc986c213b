import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { runId } from '../../../support/brands.js'
import { homesOfRepository, homesOfRun, placesOfRun } from '../../../../src/app/ground/workspaces-home.js'
import { runDirectory, runOfDirectory, workspaceNumber } from '../../../../src/workspace/home.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const where = {
  root: '/home/alice/work/app',
  commonDir: '/home/alice/work/app/.git',
  env: { HOME: '/home/alice' },
}
const run = '20261129-070140-1a2b'
/** Source: sockaddr_un of Linux has 108 bytes with the closing NUL; other systems have 104. */
const longestSocketPath = 103

test('the path of a socket in a workspace, also in a gate’s, is short enough below an ordinary home', () => {
  for (const name of ['1', '1-gates']) {
    const path = join(homesOfRun(where, runId(run), 'agents').home, name, '0a1b2c3d-1')
    expect(`${path}/node_modules/.cache/dev.sock`.length).toBeLessThanOrEqual(longestSocketPath)
  }
})

test('the worktrees of a repository share one directory for workspaces in all runs; another repository has another', () => {
  const { home } = homesOfRun(where, runId(run), 'agents')
  expect(homesOfRun({ ...where, root: '/elsewhere/linked' }, runId('20261129-070140-1a2c'), 'gates').home).toBe(home)
  const other = { ...where, commonDir: '/home/alice/work/other/.git' }
  expect(homesOfRun(other, runId(run), 'agents').home).not.toBe(home)
})

test('the processes of a run are recognised by its berths and by directories of its name, never by those of another run', async () => {
  const env = { HOME: tempDir() }
  const here = { ...where, env }
  const [home] = homesOfRepository(here)
  const berth = (name: string, owner?: string) => {
    mkdirSync(join(home!, name), { recursive: true })
    if (owner !== undefined) writeFileSync(join(home!, name, '.owner'), JSON.stringify({ run: owner }))
    return join(home!, name)
  }
  const [own, gates] = [berth('1', run), berth('3-gates', run)]
  const [others, nobodys, gone] = [berth('2', '20261129-070140-1a2c'), berth('4'), join(home!, '5')]
  const workspaces = [own, others, gone].map((dir) => join(dir, '0a1b2c3d-1'))
  const places = await placesOfRun(here, runId(run), workspaces)
  const key = basename(home!)
  expect(places).toEqual(expect.arrayContaining([own, gates, gone].map((dir) => join(key, basename(dir)))))
  expect(places).not.toContain(join(key, basename(others)))
  expect(places).not.toContain(join(key, basename(nobodys)))
  expect(places).toEqual(
    expect.arrayContaining([join(key, runDirectory(runId(run))), join(key, `${runDirectory(runId(run))}-gates`)]),
  )
})

test('runs and numbers are read back from names, even from the longer names of earlier versions', () => {
  expect([run, runDirectory(runId(run))].map(runOfDirectory)).toEqual([run, run])
  expect(['photos', `${run}-gates`, runDirectory(runId(run)).slice(1)].map(runOfDirectory)).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(['7', '0a1b2c3d-12', '0a1b2c3d-', '-1', '12345678901'].map(workspaceNumber)).toEqual([
    7,
    12,
    undefined,
    undefined,
    undefined,
  ])
})

test('traces of earlier runs are looked for where those runs kept them, by default or by their configuration', () => {
  const named = { ...where, workspacesDir: '../spaces' }
  const homes = homesOfRepository(named)
  expect(homes).toHaveLength(4)
  const { home, former } = homesOfRun(where, runId(run), 'gates')
  expect(homes).toContain(home)
  expect(former).toContain(join(home, '2611290701401a2b-gates'))
  expect(former.join('\n')).toMatch(
    /^\/home\/alice\/\.cache\/autopilot\/workspaces\/[0-9a-f]{16}\/20261129-070140-1a2b-gates$/m,
  )
  expect(homesOfRun(named, runId(run), 'agents').former.every((dir) => homes.includes(join(dir, '..')))).toBe(true)
})

import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { homesOfRepository, placeOfRun, workspacesOfRun } from '../../src/cli/workspaces-home.js'
import { runDirectory, runOfDirectory, workspaceNumber } from '../../src/workspace/home.js'

const where = {
  root: '/home/alice/work/app',
  commonDir: '/home/alice/work/app/.git',
  env: { HOME: '/home/alice' },
}
const run = '20261129-070140-1a2b'
/** Source: sockaddr_un of Linux has 108 bytes with the closing NUL; other systems have 104. */
const longestSocketPath = 103

function firstOf(parts: Parameters<typeof workspacesOfRun>): string {
  const { dir, prefix } = workspacesOfRun(...parts)
  return join(dir, `${prefix}1`)
}

test('a socket fits into a workspace below an ordinary home, also into one of a gate', () => {
  for (const of of ['agents', 'gates'] as const) {
    const path = firstOf([where, run, of])
    expect(`${path}/node_modules/.cache/dev.sock`.length).toBeLessThanOrEqual(longestSocketPath)
  }
})

test('the last part of a workspace’s path is its own: by repository, by run, agents and gates apart', () => {
  const other = { ...where, commonDir: '/home/alice/work/other/.git' }
  const all = [where, other].flatMap((one) =>
    [run, '20261129-070140-1a2c'].flatMap((id) => [firstOf([one, id, 'agents']), firstOf([one, id, 'gates'])]),
  )
  const names = all.map((path) => basename(path))
  expect(new Set(names).size).toBe(8)
  // What docker compose takes as the name of a project as it is.
  for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/)
})

test('a linked worktree has the workspaces of its repository, and the processes of a run are known by their directory', () => {
  const { dir } = workspacesOfRun({ ...where, root: '/elsewhere/linked' }, run, 'agents')
  expect(dir).toBe(workspacesOfRun(where, run, 'agents').dir)
  expect(`${dir}/`).toContain(`/${placeOfRun(where.commonDir, run)}/`)
  expect(workspacesOfRun(where, run, 'gates').dir).toBe(`${dir}-gates`)
})

test('runs and numbers are read back from names, also from the longer ones of before', () => {
  expect([run, runDirectory(run)].map(runOfDirectory)).toEqual([run, run])
  expect(['photos', `${run}-gates`, runDirectory(run).slice(1)].map(runOfDirectory)).toEqual([
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

test('what is looked for of earlier runs lies where they had it, by default and where the configuration said', () => {
  const named = { ...where, workspacesDir: '../spaces' }
  const homes = homesOfRepository(named)
  expect(homes).toHaveLength(4)
  const now = [workspacesOfRun(where, run, 'agents').dir, workspacesOfRun(named, run, 'agents').dir]
  expect(now.every((dir) => homes.includes(join(dir, '..')))).toBe(true)
  const former = [workspacesOfRun(where, run, 'agents').formerDir, workspacesOfRun(named, run, 'agents').formerDir]
  expect(former[0]).toMatch(/^\/home\/alice\/\.cache\/autopilot\/workspaces\/[0-9a-f]{16}\/20261129-070140-1a2b$/)
  expect(former.every((dir) => homes.includes(join(dir, '..')))).toBe(true)
})

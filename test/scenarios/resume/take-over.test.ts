// Locks that stay, and --take-over.
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { killOnce } from '../../support/scenes/killed-run.js'
import { statusOf } from '../../support/scenes/past-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

test('a lock that outlived its container is named with its file, is not a running run, and --take-over takes it', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const first = stage.start(['run', '-a', '1'])
  await agents.next('one')
  await killOnce(stage, first, /agent_spawned/)
  const lock = join(stage.repo.dir, '.git', 'autopilot', 'lock')
  // As the next container finds it: of another host and another boot, and no longer written.
  const left = JSON.stringify({ ...(JSON.parse(readFileSync(lock, 'utf8')) as object), host: 'c0ffee', boot: 'gone' })
  const leave = () => {
    writeFileSync(lock, left)
    utimesSync(lock, 60, 60)
  }
  leave()
  expect(await statusOf(stage)).toMatchObject({ standing: 'silent', host: 'c0ffee', silentSince: 60_000 })
  expect((await stage.run(['status'])).stdout).toMatch(/ seems to be broken off: .*; .*--take-over/)
  for (const command of [['run', '--fresh'], ['resume'], ['clean', '--lost']]) {
    const { code, stderr } = await stage.run(command)
    expect(code).toBe(4)
    expect(stderr).toContain(
      `on c0ffee, in ${stage.repo.dir}. It has shown no sign of life since 1970-01-01T00:01:00.000Z`,
    )
    expect(stderr).toContain('.git/autopilot/lock')
    expect(stderr).toContain('--take-over')
  }
  expect((await stage.run(['clean', '--dry-run', '--take-over'])).code).toBe(0)
  leave()
  const resumed = stage.start(['resume', '-a', '1', '--take-over'])
  const one = await agents.next('one')
  await one.write('one.txt', 'one')
  await one.exit(0)
  expect((await resumed.ended).code).toBe(0)
  expect(existsSync(lock)).toBe(false)
})

test('a run whose lock another run has taken ends its agents and says so', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  await agents.next('one')
  rmSync(join(stage.repo.dir, '.git', 'autopilot', 'lock'))
  const { code, records } = await running.ended
  expect(code).toBe(4)
  const why = 'another run took over the lock of this run, or somebody removed it'
  expect(records()).toContainEqual(expect.objectContaining({ type: 'run_finished', exitCode: 4, why }))
})

test('a second run in another work tree of the repository is told where the first one is at work', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const linked = stage.repo.beside('linked')
  stage.repo.git('worktree', 'add', '-q', '-b', 'side', linked)
  const running = stage.start(['run', '-a', '1'])
  const one = await agents.next('one')
  const { code, stderr } = await stage.run(['run', '-C', linked])
  expect([code, stderr]).toEqual([4, expect.stringContaining(`, in ${stage.repo.dir}, since `)])
  await one.write('one.txt', 'one')
  await one.exit(0)
  expect((await running.ended).code).toBe(0)
})

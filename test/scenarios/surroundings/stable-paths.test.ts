// Paths of workspaces from run to run.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { runsOf } from '../../support/scenes/killed-run.js'
import { ledgerRefs, statusOf } from '../../support/scenes/past-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

/** The berths that there are. */
function berths(stage: Scene): readonly string[] {
  const cache = join(stage.repo.home, '.cache', 'autopilot')
  const homes = readdirSync(cache).filter((name) => name !== '.seed')
  return homes.flatMap((home) => readdirSync(join(cache, home))).sort()
}

test('two runs, one after the other, have the same paths, for agents and for gates', async () => {
  const task = (id: string) => `  - { id: ${id}, run: 'echo "$PWD" >> "$SEEN/agents"; echo > ${id}' }\n`
  const stage = gatedScene({
    roadmap: `tasks:\n${['a', 'b', 'c', 'd'].map(task).join('')}`,
    gates: ['echo "$PWD" >> "$SEEN/gates"'],
  })
  const seen = async (only: string) => {
    const dir = stage.repo.beside(only)
    mkdirSync(dir)
    const file = join(stage.repo.dir, 'autopilot.yaml')
    const config = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...config, env: { SEEN: dir } }))
    expect((await stage.run(['run', '-a', '1', '--only', only])).code).toBe(0)
    const paths = (name: string) => [...new Set(readFileSync(join(dir, name), 'utf8').split('\n'))].sort()
    return [paths('agents'), paths('gates')]
  }
  const [first, second] = [await seen('a,b'), await seen('c,d')]
  expect(second).toEqual(first)
  expect(runsOf(stage)).toHaveLength(2)
  // Both are short, and no two have the same last part.
  const all = first.flat().filter((line) => line !== '')
  for (const path of all) expect(path).toMatch(/^\/.*\/autopilot\/[0-9a-f]{8}\/1(-gates)?\/[0-9a-f]{8}-\d$/)
  expect(new Set(all.map((path) => basename(path))).size).toBe(all.length)
  expect(all.length).toBeGreaterThanOrEqual(3)
})

test('a workspace that a run kept is not touched by the next, which takes another number until clean has removed it', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: nest, run: 'git init -q inner && echo mine > inner/f' }
  - { id: next, run: 'pwd > next' }
  - { id: last, run: 'pwd > last' }
`,
  })
  await stage.run(['run', '-i', '1', '--only', 'nest'])
  const { run, keptWorkspaces } = await statusOf(stage)
  const { path } = keptWorkspaces[0]!
  expect(basename(dirname(path))).toBe('1')
  expect((await stage.run(['run', '--only', 'next'])).code).toBe(0)
  expect(basename(dirname(stage.repo.git('show', 'autopilot/main:next').trim()))).toBe('2')
  expect(readFileSync(join(path, 'inner', 'f'), 'utf8')).toBe('mine\n')
  expect(berths(stage)).toEqual(['1'])
  const [, second] = runsOf(stage)
  await stage.run(['clean', second!, '--lost'])
  expect(existsSync(path)).toBe(true)
  await stage.run(['clean', run!, '--lost'])
  expect((await stage.run(['run', '--only', 'last'])).code).toBe(0)
  expect(dirname(stage.repo.git('show', 'autopilot/main:last').trim())).toBe(dirname(path))
})

test('what a killed run still needs is not touched by a new run, and still exists when it is resumed', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b']) })
  const running = stage.start(['run', '-a', '1', '--only', 'a'])
  const a = await agents.next('a')
  await a.write('half.txt', 'half')
  running.kill('SIGKILL')
  await running.ended
  const fresh = stage.start(['run', '--fresh', '-a', '1', '--only', 'b'])
  const b = await agents.next('b')
  expect([basename(dirname(a.cwd)), basename(dirname(b.cwd))]).toEqual(['1', '2'])
  await b.write('b.txt', 'b')
  await b.exit(0)
  expect((await fresh.ended).code).toBe(0)
  expect(readFileSync(join(a.cwd, 'half.txt'), 'utf8')).toBe('half')
  const [first] = runsOf(stage)
  // The file that names the owner is lost, but nobody's work is taken.
  rmSync(join(dirname(a.cwd), '.owner'))
  expect((await stage.run(['clean'])).stdout).toContain(`${a.cwd}: its run is unknown`)
  const resumed = stage.start(['resume', first!])
  const again = await agents.next('a')
  expect(dirname(again.cwd)).toBe(dirname(a.cwd))
  await again.write('a.txt', 'a')
  await again.exit(0)
  expect((await resumed.ended).code).toBe(0)
  const kept = ledgerRefs(stage).find((ref) => ref.startsWith('a-') && ref.endsWith('/1'))
  expect(kept).toBeDefined()
  expect(stage.repo.git('log', '--all', '--format=', '--name-only')).toContain('half.txt')
  expect(stage.subjects()).toEqual(['b', 'a'])
})

test('a run that finds its own paths taken by a later one says that nothing of its own is left there', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: nest, run: 'git init -q inner && echo mine > inner/f' }
  - { id: again, run: 'git init -q inner && echo other > inner/f' }
`,
  })
  await stage.run(['run', '-i', '1', '--only', 'nest'])
  const first = await statusOf(stage)
  await stage.run(['clean', '--lost'])
  await stage.run(['run', '--fresh', '-i', '1', '--only', 'again'])
  const second = await statusOf(stage)
  expect(second.keptWorkspaces[0]!.path).toBe(first.keptWorkspaces[0]!.path)
  expect((await statusOf(stage, first.run!)).keptWorkspaces).toEqual([])
})

// A repository that was moved.
import { readFileSync, renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { killOnce } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

test('in a repository that was moved after a kill, the run continues, finds its roadmap, and names the old workspace', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const first = stage.start(['run', '-a', '1'])
  const before = await agents.next('one')
  await before.write('half.txt', 'half')
  await killOnce(stage, first, /agent_spawned/)
  const there = stage.repo.beside('elsewhere')
  renameSync(stage.repo.dir, there)
  const resumed = stage.start(['resume', '-a', '1', '-C', there, '--output', 'json'], { cwd: there })
  const one = await agents.next('one')
  await one.write('one.txt', 'one')
  await one.exit(0)
  const { code, records } = await resumed.ended
  renameSync(there, stage.repo.dir)
  expect(code).toBe(0)
  const [kept] = records().filter((record) => record.type === 'workspace_kept')
  expect(readFileSync(`${kept!.path}/half.txt`, 'utf8')).toBe('half')
  const texts = records().flatMap((record) => (record.type === 'notice' ? [record.text] : []))
  expect(texts).toContainEqual(expect.stringContaining(`the repository was at ${stage.repo.dir} when the run began`))
})

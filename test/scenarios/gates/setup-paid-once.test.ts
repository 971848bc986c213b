// Whole runs in which what setup made stays, for agents and for gates, and nothing that either left in it does.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gatedScene } from '../../support/scenes/gated-scene.js'

/** Prints what is in `deps`, and then does this there. */
const look = (who: string, then: string) => `echo $(ls -A deps) $(cat deps/lib) >> $HOME/seen-by-${who}; ${then}`
/** Other content of the same length, with the old times. */
const forge = 'touch -r deps/lib ../ref; printf evil > deps/lib; touch -r ../ref deps/lib'

function sceneOf(left: string, keep: Readonly<Record<string, unknown>> = {}) {
  const task = (id: string, after: string) =>
    `  - { id: ${id}, depends_on: [${after}], run: ${JSON.stringify(`${look('agents', left)}; echo > ${id}`)} }\n`
  const stage = gatedScene({
    roadmap: `tasks:\n${task('a', '')}${task('b', 'a')}${task('c', 'b')}`,
    files: { '.gitignore': 'deps/\n', lock: '1\n', 'gate.sh': look('gates', left) },
    gates: ['sh gate.sh'],
    config: {
      ...keep,
      setup: { run: 'mkdir deps; printf good > deps/lib; echo run >> $HOME/setups', inputs: ['lock'] },
    },
  })
  const lines = (name: string) => {
    const path = join(stage.repo.home, name)
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }
  return { stage, lines }
}

const one = ['run', '-a', '1', '--gate-jobs', '1', '--output', 'json']

test('setup runs once for the place of the agents and once for that of the gates; what either leaves there is gone', async () => {
  const { stage, lines } = sceneOf('mkdir deps/.cache; echo > deps/.cache/left')
  const { code } = await stage.run(one)
  expect([code, stage.subjects()]).toEqual([0, ['a', 'b', 'c']])
  expect([lines('seen-by-agents'), lines('seen-by-gates')]).toEqual([
    Array(3).fill('lib good'),
    Array(3).fill('lib good'),
  ])
  expect(lines('setups')).toHaveLength(2)
})

test('what an agent, or judged code, changes in what setup made, with forged times, is gone before the next use', async () => {
  const { stage, lines } = sceneOf(forge)
  const { code } = await stage.run(one)
  expect([code, stage.subjects()]).toEqual([0, ['a', 'b', 'c']])
  expect([lines('seen-by-agents'), lines('seen-by-gates')]).toEqual([
    Array(3).fill('lib good'),
    Array(3).fill('lib good'),
  ])
  // The same if it is listed, as what may stay for the next attempt.
  const listed = sceneOf(forge, { keep: ['deps'] })
  await listed.stage.run([...one, '--only', 'a,b'])
  expect(listed.lines('seen-by-gates')).toEqual(['lib good', 'lib evil'])
})

// Tasks that are held from the start.
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'

const roadmap = `tasks:
  - { id: a, title: A, run: echo > a }
  - { id: lost, title: L, run: 'true', depends_on: [nobody] }
  - { id: man, title: M, execution_mode: manual }
  - { id: late, title: T, run: 'true', depends_on: [man] }
  - { id: stop, title: S, run: 'true', status: blocked }
`

test('a run reports each hold once at its start, and once at its end', async () => {
  const { stdout, stderr } = await scene({ roadmap }).run(['run'])
  for (const id of ['lost', 'man', 'late', 'stop']) {
    expect(stderr.match(new RegExp(`^.*\\b${id}\\b.*$`, 'gm'))).toEqual([
      expect.stringMatching(new RegExp(`^\\S+ ${id} held: `)),
      ...(id === 'man' ? [expect.stringMatching(/ late held: waits for man$/) as string] : []),
    ])
    expect(stdout.match(new RegExp(`^Held +${id}: .*$`, 'gm'))).toHaveLength(1)
  }
})

test('a run does not report holds of tasks that --only leaves out', async () => {
  const { code, stdout, stderr } = await scene({ roadmap }).run(['run', '--only', 'a'])
  expect(code).toBe(0)
  expect(`${stdout}${stderr}`).not.toMatch(/\b(lost|man|late|stop|nobody)\b/)
})

test('validate still warns about what will not run, with help', async () => {
  const { stderr } = await scene({ roadmap }).run(['validate'])
  for (const code of ['W050', 'W054', 'W064']) expect(stderr).toContain(` warning ${code}: `)
})

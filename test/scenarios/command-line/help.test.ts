// `autopilot help`, and `autopilot schema`.
import { expect, test } from 'vitest'
import { topics } from '../../../src/cli/topics.js'
import { schemaFor } from '../../../src/app/schema/schemas.js'
import { scene } from '../../support/scenes/rigged-scene.js'

test('help help lists the topics, and shows the page of each', async () => {
  const { run } = scene()
  const list = await run(['help', 'help'])
  expect(list.code).toBe(0)
  for (const name of ['roadmap', 'config', 'exit-codes', 'queue', 'limits', 'ci']) {
    expect(list.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    const page = await run(['help', name])
    expect(page).toMatchObject({ code: 0, stderr: '' })
    expect(page.stdout.length).toBeGreaterThan(300)
    expect(page.stdout).not.toMatch(/^#|\]\(|^\|/m)
  }
  expect(Object.keys(topics)).toContain('gates')
})

test('help on something that does not exist ends with 2, a guess, and what there is', async () => {
  const { run } = scene()
  const near = await run(['help', 'exit-code'])
  expect(near).toMatchObject({ code: 2, stdout: '' })
  expect(near.stderr).toContain("there is no help on 'exit-code' (did you mean exit-codes?)")
  const nope = await run(['help', 'nope'])
  expect(nope.code).toBe(2)
  expect(nope.stderr).toMatch(/commands: run, .*\n +topics: roadmap, config/)
})

test('schema prints what the code has; that of roadmaps knows the configuration of the repository', async () => {
  const stage = scene({
    files: {
      'autopilot.yaml': 'statuses: { icebox: on_hold }\ncustom_providers: { mine: { run: x, permissions: full } }\n',
    },
  })
  for (const name of ['config', 'events'] as const) {
    const { code, stdout } = await stage.run(['schema', name], { env: { GITHUB_ACTIONS: 'true' } })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(schemaFor(name))))
  }
  const { stdout } = await stage.run(['schema', 'roadmap'])
  expect(stdout).toContain('"icebox"')
  expect(stdout).toContain('"mine"')
  const unknown = await stage.run(['schema', 'journal'])
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain('roadmap, config, events')
})

// What a CI service is told beside the lines of the log.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commandsIn } from '../../support/fakes/actions-runner.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const roadmap = `tasks:
  - { id: good, run: echo x > good.txt }
  - id: "bad,: 100%"
    run: 'echo "::error::from outside"; echo "::set-output name=x::y" >&2; exit 3'
`

test('GitHub gets a group around the progress, an annotation at the line of each failed task, and outputs', async () => {
  const stage = scene({ roadmap })
  const outputs = stage.repo.beside('outputs')
  const env = { GITHUB_ACTIONS: 'true', CI: 'true', GITHUB_OUTPUT: outputs, GITHUB_WORKSPACE: stage.repo.dir }
  const { code, stdout, stderr } = await stage.run(['run', '-i', '1'], { env })
  expect(code).toBe(1)
  expect(commandsIn(stderr).filter((name) => !/^(?:stop-commands|[0-9a-f]{32})$/.test(name))).toEqual([
    ...['group', 'endgroup', 'error'],
  ])
  const annotation = stderr.split('\n').find((line) => line.startsWith('::error'))
  expect(annotation).toMatch(/^::error file=roadmap\.yaml,line=3,col=\d+,title=task bad%2C%3A 100%25 failed::/)
  expect(commandsIn(stdout).filter((name) => !/^(?:stop-commands|[0-9a-f]{32})$/.test(name))).toEqual([])
  const read = readFileSync(outputs, 'utf8')
  const found = read.matchAll(/^([\w-]+)<<(\S+)\n([^]*?)\n\2\n/gm)
  const values = new Map([...found].map(([, name, , value]) => [name, value]))
  expect([values.get('done'), values.get('failed'), values.get('target')]).toEqual(['1', '1', 'autopilot/main'])
  expect(values.get('run-id')).toMatch(/^\d{8}-\d{6}-[0-9a-f]{4}$/)
})

test('mistakes in a roadmap are annotated where they stand', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, dependencies: [a] }\n' })
  const { code, stderr } = await stage.run(['run'], { env: { GITHUB_ACTIONS: 'true', CI: 'true' } })
  expect(code).toBe(2)
  expect(stderr).toMatch(/^::error file=roadmap\.yaml,line=2,col=\d+,title=E\d+::/m)
})

test('GitLab gets a collapsed section around the progress, and a file of variables', async () => {
  const stage = scene({ roadmap })
  const env = { GITLAB_CI: 'true', CI: 'true' }
  const { stderr } = await stage.run(['run', '-i', '1', '--dotenv', '../results.env'], { env })
  expect(stderr).toMatch(
    /^\u001b\[0Ksection_start:\d{10}:autopilot_run\[collapsed=true\]\r\u001b\[0Kautopilot run \S+\n[^]*\n\u001b\[0Ksection_end:\d{10}:autopilot_run\r\u001b\[0K\n/,
  )
  expect(readFileSync(stage.repo.beside('results.env'), 'utf8')).toMatch(
    /^AUTOPILOT_DONE=1\nAUTOPILOT_FAILED=1\nAUTOPILOT_TARGET=autopilot\/main\nAUTOPILOT_RUN_ID=\S+\n$/,
  )
})

test('elsewhere nothing is printed for a service, and a file that cannot be written changes nothing about the run', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: good, run: echo x > good.txt }\n' })
  const { code, stdout, stderr } = await stage.run(['run', '--dotenv', 'roadmap.yaml/results.env'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/cannot write .*results\.env/)
  expect(`${stdout}${stderr}`).not.toMatch(/^::|section_start/m)
})

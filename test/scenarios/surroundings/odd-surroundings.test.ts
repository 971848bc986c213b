// Terminals, signals and limits of the system around a run.
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fitSlots } from '../../../src/app/start/slots-that-fit.js'
import { programFile } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const sh = promisify(execFile)
const real = (name: string) => execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
const oneTask = `tasks:\n  - { id: a, run: 'echo a > a.txt' }\n`

test('without a terminal SIGHUP is reported and ignored, and SIGUSR1 opens no debugger', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['slow']) })
  const running = stage.start(['run', '--output', 'json'])
  const slow = await agents.next('slow')
  running.kill('SIGUSR1')
  running.kill('SIGHUP')
  await running.saw('hang_up_ignored')
  await slow.write('slow.txt', 'whole')
  await slow.exit(0)
  const { code, stderr } = await running.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stage.subjects()).toEqual(['slow'])
})

test('if a standard stream is a terminal, SIGHUP ends the run', async () => {
  const stage = scene()
  // The shell is what `script` starts, and becomes autopilot: it knows its pid beforehand.
  stage.repo.write(
    'roadmap.yaml',
    `tasks:\n  - { id: a, run: 'kill -HUP $(cat ${stage.repo.beside('pid')}); sleep 20' }\n`,
  )
  const command = `echo $$ > '${stage.repo.beside('pid')}'; exec '${process.execPath}' '${programFile}' run`
  const options = { cwd: stage.repo.dir, env: stage.env }
  await expect(sh(real('script'), ['-qec', command, '/dev/null'], options)).rejects.toMatchObject({ code: 143 })
})

test('on a terminal of 0 x 0 there are plain lines, and the run ends', async () => {
  const stage = scene({ roadmap: oneTask })
  const command = `'${real('stty')}' cols 0 rows 0; '${process.execPath}' '${programFile}' run`
  const options = {
    cwd: stage.repo.dir,
    env: { ...stage.env, TERM: 'xterm' },
    timeout: 60_000,
  }
  const { stdout } = await sh(real('script'), ['-qec', command, '/dev/null'], options)
  expect(stdout).toContain('Done        1 of 1 task')
  expect(stdout).not.toContain('\u001b[?25l')
})

test('with a low limit on open files there are fewer slots, and a line says so; with too few for one nothing runs', async () => {
  const stage = scene({ roadmap: oneTask })
  const run = (limit: number) => {
    const command = `ulimit -n ${limit}; exec '${process.execPath}' '${programFile}' run -a 50`
    return sh('/bin/sh', ['-c', command], {
      cwd: stage.repo.dir,
      env: stage.env,
    })
  }
  await expect(run(40)).rejects.toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no more than 40 files may be open (ulimit -n): too few for an agent') as string,
  })
  const { stderr, stdout } = await run(80)
  expect(stderr).toMatch(/no more than 80 files may be open \(ulimit -n\), which is enough for \d+ agents?; allow more/)
  expect(stderr).not.toMatch(/Warning|EMFILE/)
  expect(stdout).toContain('Done        1 of 1 task')
})

test('there are as many slots as were asked for if the limit allows it, and fewer or none if not', () => {
  const agents = (files?: { limit: number; open: number }) => {
    const fitting = fitSlots(10, files)
    return fitting.ok ? [fitting.value.agents, fitting.value.notices.length] : fitting.error.message
  }
  expect(agents({ limit: 1024, open: 20 })).toEqual([10, 0])
  expect(agents({ limit: 64, open: 20 })).toEqual([2, 1])
  expect(agents({ limit: 40, open: 20 })).toContain('too few for an agent')
})

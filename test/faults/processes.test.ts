import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundledProgram } from '../support/rigs/bundled-program.js'
import { isAlive } from '../support/rigs/program.js'
import { scene } from '../support/scenes/rigged-scene.js'
import { tempDir } from '../support/rigs/temp-dir.js'
import { until } from '../support/rigs/until.js'

const hasProc = existsSync('/proc/self/environ')

/** The numbers in a file, one a line; none if it does not exist. */
function pidsIn(file: string): readonly number[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : []
}

/** Two hundred processes, every second in a session of its own, whose pids go to a file; then it waits itself. */
const forking = (file: string) => `
  for n in $(seq 100); do
    sh -c 'echo $$ >> "$0"; exec sleep 600' '${file}' &
    setsid sh -c 'echo $$ >> "$0"; exec sleep 600' '${file}' &
  done
  wait`

function killAtEnd(file: string): void {
  onTestFinished(() => {
    for (const pid of pidsIn(file)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  })
}

test.runIf(hasProc)(
  'an agent with two hundred children, in two hundred groups and sessions, leaves none of them behind',
  async () => {
    const pids = join(tempDir(), 'pids')
    killAtEnd(pids)
    const stage = scene({ roadmap: `tasks:\n  - id: a\n    run: ${JSON.stringify(forking(pids))}\n` })
    stage.program('setsid', '#!/bin/sh\nPATH=/usr/bin:/bin:$PATH exec /usr/bin/setsid "$@"\n')
    const running = stage.start(['run'])
    await until(() => pidsIn(pids).length === 200, 'all children have begun')
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(143)
    expect(pidsIn(pids).filter(isAlive)).toEqual([])

    // The control: ending the process that was started ends none of them.
    const control = join(tempDir(), 'pids')
    killAtEnd(control)
    const plain = spawn('/bin/sh', ['-c', forking(control)], { stdio: 'ignore' })
    await until(() => pidsIn(control).length === 200, 'all children of the control have begun')
    plain.kill('SIGKILL')
    await once(plain, 'exit')
    expect(pidsIn(control).filter(isAlive)).toHaveLength(200)
  },
)

test('a process that was about to start when autopilot was killed never runs, where a plain child does', async () => {
  const dir = tempDir()
  const started = async (how: 'launch' | 'spawn') => {
    const program = await bundledProgram(`
      import { spawn } from 'node:child_process'
      import { launch } from './src/platform/processes/launching/launch.ts'
      const [how, cwd] = process.argv.slice(2)
      const command = { file: 'sh', args: ['-c', 'touch ' + how], cwd, env: { PATH: process.env.PATH } }
      const waiting = ['-c', 'while kill -0 ' + process.pid + ' 2>/dev/null; do :; done; touch ' + how]
      const child = how === 'launch' ? launch(command) : spawn('sh', waiting, { cwd, detached: true, stdio: 'ignore' })
      console.log(child.pid)`)
    const parent = spawn(process.execPath, [program, how, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await until(() => !isAlive(pid), 'it has ended by itself')
    return existsSync(join(dir, how))
  }
  expect([await started('launch'), await started('spawn')]).toEqual([false, true])
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { spawnWatchdog } from '../../../../src/platform/processes/watchdog.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

test.runIf(process.platform === 'linux')(
  'a watchdog that is left alone ends what works in the directories of its run, and nowhere else',
  async () => {
    const dir = tempDir()
    const at = (...parts: string[]) => {
      const cwd = join(dir, ...parts)
      mkdirSync(cwd, { recursive: true })
      const child = spawn('/bin/sleep', ['1000'], { cwd, env: {}, detached: true, stdio: 'ignore' })
      onTestFinished(() => void child.kill('SIGKILL'))
      return child
    }
    const own = [at('a0a0a0a0', '1', 'x-1'), at('a0a0a0a0', '1-gates', 'x-1', 'sub')]
    const others = [at('a0a0a0a0', '2', 'x-1'), at('a0a0a0a0', '11', 'x-1'), at('b0b0b0b0', '1', 'x-1')]
    const left = [at('a0a0a0a0', '3', 'x-1'), at('a0a0a0a0', '4', 'x-1')]
    const watchdog = spawnWatchdog({ entry: `AUTOPILOT_RUN=${dir}`, places: ['a0a0a0a0/1-gates', 'a0a0a0a0/4'] })
    const ends = own.map((child) => once(child, 'exit'))
    const lines = ['own a0a0a0a0/3', 'own a0a0a0a0/1', 'own a0a0a0a0/1', 'disown a0a0a0a0/4', 'disown a0a0a0a0/3']
    watchdog.stdin.end(lines.map((line) => `${line}\n`).join(''))
    await once(watchdog, 'exit')
    await Promise.all(ends)
    expect([...others, ...left].map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual(Array(5).fill(null))
  },
)

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { it } from 'vitest'
import { fifoPaths, openFifos, redirections } from '../../../../../src/platform/processes/launching/fifos.js'
import { tempDir } from '../../../../support/rigs/temp-dir.js'
import { until } from '../../../../support/rigs/until.js'

it.each([false, true])(
  'a process is reached through its fifos, even if somebody has removed them: %s',
  async (areGone) => {
    const path = join(tempDir(), '1')
    execFileSync('env', ['mkfifo', ...fifoPaths(path)])
    const ends = openFifos(path)!
    const child = spawn('sh', ['-c', `exec 9>&1; { echo ready >&9; cat; } ${redirections(path)}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    if (areGone) for (const fifo of fifoPaths(path)) rmSync(fifo)
    const { stdin, stdout } = ends.connect()
    let said = ''
    stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    stdin.end('a word')
    await until(() => said === 'a word', 'it has answered')
  },
)

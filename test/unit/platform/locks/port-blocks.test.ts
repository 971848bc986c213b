import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { takePortBlocks } from '../../../../src/platform/locks/port-blocks.js'

/** No other test takes blocks from this range. */
const range = { first: 18_000, last: 18_049 }

async function taken(count: number) {
  const blocks = await takePortBlocks(range, count)
  onTestFinished(blocks.release)
  return blocks
}

async function listen(port: number, host: string): Promise<void> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve))
  })
}

test('two runs at once get blocks of their own, however they race, and a block that is given back is given out again', async () => {
  const [one, two] = await Promise.all([taken(2), taken(2)])
  const ports = [...one.ports, ...two.ports]
  expect([...ports].sort()).toEqual([18_000, 18_010, 18_020, 18_030])
  // Fewer if there are no more.
  expect((await taken(2)).ports).toEqual([18_040])
  await one.release()
  expect((await taken(2)).ports).toEqual(one.ports)
})

test.each(['127.0.0.1', '0.0.0.0'])(
  'a block in which somebody listens on one port, at %s, is left alone',
  async (host) => {
    await listen(18_007, host)
    expect((await taken(1)).ports).toEqual([18_010])
  },
)

test('a lock goes with its process, even if that is killed', async () => {
  const script = `require('net').createServer().listen('\\0autopilot-ports-18000', () => console.log('locked'))`
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  const beside = await taken(1)
  expect(beside.ports).toEqual([18_010])
  holder.kill('SIGKILL')
  await once(holder, 'close')
  expect((await taken(1)).ports).toEqual([18_000])
})

// The screen of a scripted run, as a real terminal shows it.
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bundledProgram } from '../../../support/rigs/bundled-program.js'
import type { PlayerOrder } from '../../../support/rigs/screen-player.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { hasTmux, startTmux } from '../../../support/rigs/tmux.js'
import { until } from '../../../support/rigs/until.js'

/** A scripted run in a terminal of this size, to be played at the test's word. */
async function play(columns: number, rows: number, ...args: readonly string[]) {
  const program = await bundledProgram("import './test/support/rigs/screen-player.ts'")
  const path = join(tempDir(), 's')
  const server = createServer()
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => void server.close())
  const tmux = startTmux([columns, rows], [process.execPath, program, path, ...args])
  const socket = await connected
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]()
  const order = async (what: PlayerOrder): Promise<unknown> => {
    socket.write(`${JSON.stringify(what)}\n`)
    return JSON.parse(String((await answers.next()).value)) as unknown
  }
  /** Plays as far as this moment; resolves when the terminal shows it. */
  const to = async (seconds: number, elapsed: string) => {
    await order({ to: seconds * 1000 })
    await until(() => tmux.screen().some((line) => line.includes(`${elapsed} · $`)), `the screen at ${elapsed}`)
  }
  /** Resolves when the program knows of the window's new size. */
  const resize = async (toColumns: number, toRows: number) => {
    tmux.resize(toColumns, toRows)
    const isKnown = async () => JSON.stringify(await order({ size: true })) === JSON.stringify([toColumns, toRows])
    await until(isKnown, `a window of ${toColumns} columns`)
  }
  return { tmux, order, to, resize }
}

const withTmux = describe.skipIf(!hasTmux)

withTmux('in tmux, which must be installed', () => {
  test.each([40, 80, 120, 200])('the screen at %i columns shows a run from its setup to its end', async (columns) => {
    const { tmux, to, order } = await play(columns, 24)
    const pictures: string[] = []
    const picture = async (seconds: number, elapsed: string) => {
      await to(seconds, elapsed)
      const screen = tmux.screen()
      expect(screen.length).toBeLessThanOrEqual(24)
      expect(screen.filter((line) => line.startsWith('Queue: '))).toHaveLength(1)
      pictures.push(`== after ${elapsed}`, ...screen)
    }
    await picture(10, '10 s')
    await picture(70, '1m10s')
    await picture(110.5, '1m50s')
    expect(tmux.cursorVisible).toBe(false)
    await order({ close: true })
    await until(() => tmux.cursorVisible, 'the cursor is back')
    pictures.push('== at the end', ...tmux.screen())
    await expect(`${pictures.join('\n')}\n`).toMatchFileSnapshot(`../../../fixtures/screens/${columns}.txt`)
  })

  test('a window that becomes narrower, wider, lower and higher has one clean screen', async () => {
    const { tmux, to, resize } = await play(120, 30)
    await to(70, '1m10s')
    const sizes = [
      [60, 30],
      [200, 30],
      [41, 12],
      [80, 24],
      [120, 30],
    ] as const
    for (const [index, [columns, rows]] of sizes.entries()) {
      await resize(columns, rows)
      const seconds = 71 + index
      await to(seconds, `1m${seconds - 60}s`)
      const screen = tmux.screen()
      expect(screen.filter((line) => line.startsWith('Queue: '))).toHaveLength(1)
      expect(screen.filter((line) => line.includes('login '))).toHaveLength(1)
      // Nothing of an earlier drawing is below it.
      expect(screen.at(-1)).toMatch(/^(?:Merge|Gates|… |stock|\S+ +stock|\S+ +\S+ +stock)/)
    }
  })

  test('nothing of the screen is left in what has scrolled away', async () => {
    const { tmux, to, order, resize } = await play(80, 10)
    await to(30, '30 s')
    await resize(80, 8)
    await to(70, '1m10s')
    await to(110.5, '1m50s')
    await order({ close: true })
    await until(() => tmux.cursorVisible, 'the cursor is back')
    const all = tmux.all().join('\n')
    expect(all).toContain('cart “Keep the cart between visits” integrated')
    expect(all).not.toContain('Queue:')
  })

  test('colours are there where they are wanted', async () => {
    const coloured = await play(80, 24, 'colour')
    await coloured.to(110.5, '1m50s')
    expect(coloured.tmux.coloured()).toMatch(/\u001b\[[\d;]*m/)
  })
})

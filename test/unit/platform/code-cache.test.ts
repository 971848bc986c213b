import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { bundledProgram } from '../../support/rigs/bundled-program.js'
import { tempDir } from '../../support/rigs/temp-dir.js'

async function bundle() {
  const program = await bundledProgram(`
    import { loadCached } from './src/platform/code-cache.js'
    const [file, id, leaves] = process.argv.slice(2)
    console.log(loadCached(file, { id, leaves: leaves === 'leaves' }).greet())
  `)
  const file = join(tempDir(), 'dist', 'bundle.cjs')
  mkdirSync(dirname(file))
  const says = (word: string) =>
    writeFileSync(file, `exports.greet = () => require('node:path').join('${word}', 'x')\n`)
  says('one')
  const load = (id: string, leaves = 'leaves') => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, file, id, leaves], { encoding: 'utf8' })
    return status === 0 ? stdout.trim() : stderr
  }
  const caches = () => readdirSync(dirname(file)).filter((name) => name !== 'bundle.cjs')
  return { file, says, load, caches }
}

test('what V8 compiled of a bundle lies beside it, and the next process runs it', async () => {
  const { load, caches } = await bundle()
  expect([load('id', 'not'), caches()]).toEqual(['one/x', []])
  expect(load('id')).toBe('one/x')
  expect(caches()).toEqual([expect.stringMatching(/^id-.*\.cache$/)])
  expect(load('id')).toBe('one/x')
})

test('other content of the same length is not taken for the compiled one', async () => {
  const { says, load, caches } = await bundle()
  load('first')
  says('two')
  expect([load('second'), caches().length]).toEqual(['two/x', 2])
})

test('compiled code that V8 refuses is compiled and written again', async () => {
  const { file, load, caches } = await bundle()
  load('id')
  const cache = join(dirname(file), caches()[0]!)
  const whole = readFileSync(cache)
  writeFileSync(cache, whole.subarray(0, 40))
  expect(load('id')).toBe('one/x')
  expect(readFileSync(cache).length).toBe(whole.length)
})

test('a bundle next to which nothing may be written runs all the same', async () => {
  const { file, load, caches } = await bundle()
  chmodSync(dirname(file), 0o555)
  expect(load('id')).toBe('one/x')
  if (process.getuid?.() !== 0) expect(caches()).toEqual([])
  chmodSync(dirname(file), 0o755)
})

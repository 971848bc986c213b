import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerKept, type KeptQuestion } from '../../../../src/workspace/kept/fingerprint.js'
import { keeperOffThread } from '../../../../src/workspace/kept/keeper.js'
import { projectRoot } from '../../../support/rigs/program.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

interface Stage {
  readonly at: (path: string) => string
  readonly note: () => string
  readonly check: () => string
  readonly question: Omit<KeptQuestion, 'action'>
}

/** A directory in which setup has made something, with its fingerprint. */
function made(more: (at: Stage['at']) => void = () => undefined): Stage {
  const root = tempDir()
  const at = (path: string) => join(root, path)
  for (const path of ['deps/one', 'deps/two', 'deps/sub/three', 'x/built/four']) {
    fs.mkdirSync(join(at(path), '..'), { recursive: true })
    fs.writeFileSync(at(path), path)
  }
  fs.symlinkSync('one', at('deps/link'))
  more(at)
  const file = join(tempDir(), 'fingerprint')
  const question = { root, paths: ['deps', 'x/built'], except: ['deps/given'], file }
  const stage = {
    at,
    question,
    note: () => answerKept({ ...question, action: 'note' }),
    check: () => answerKept({ ...question, action: 'check' }),
  }
  expect(stage.note()).toBe('fine')
  return stage
}

/** A change that hides itself: with the old times and, if possible, the old length. */
function forged(path: string, action: () => void): void {
  const { atime, mtime } = fs.statSync(path)
  action()
  fs.utimesSync(path, atime, mtime)
}

test('what nobody touched is fine, however often it is looked at, and whatever only read it', () => {
  const { at, check } = made()
  fs.readFileSync(at('deps/one'))
  expect([check(), check()]).toEqual(['fine', 'fine'])
})

test.each<[string, (at: Stage['at']) => void]>([
  [
    'other content of the same length, the times set back',
    (at) => forged(at('deps/one'), () => fs.writeFileSync(at('deps/one'), 'DEPS/ONE')),
  ],
  [
    'a file that took another’s place, the times set back',
    (at) =>
      forged(at('deps/one'), () => {
        fs.writeFileSync(at('new'), 'DEPS/ONE')
        fs.renameSync(at('new'), at('deps/one'))
      }),
  ],
  ['a mode', (at) => fs.chmodSync(at('deps/sub/three'), 0o755)],
  ['the mode of a directory', (at) => fs.chmodSync(at('deps/sub'), 0o700)],
  ['a file that is gone', (at) => fs.rmSync(at('deps/two'))],
  ['a directory that is gone', (at) => fs.rmSync(at('x/built'), { recursive: true })],
  [
    'a link that leads elsewhere',
    (at) => {
      fs.rmSync(at('deps/link'))
      fs.symlinkSync('two', at('deps/link'))
    },
  ],
  ['a further link to a file that had one', (at) => fs.linkSync(at('deps/one'), at('elsewhere'))],
  [
    'a link in the place of a directory',
    (at) => {
      fs.renameSync(at('deps/sub'), at('sub'))
      fs.symlinkSync('../sub', at('deps/sub'))
    },
  ],
  [
    'a link above it, to the very same',
    (at) => {
      fs.renameSync(at('x'), at('y'))
      fs.symlinkSync('y', at('x'))
    },
  ],
])('%s is a touch', (_, touch) => {
  const { at, check } = made()
  expect(check()).toBe('fine')
  touch(at)
  expect(check()).toBe('touched')
})

test('new files are removed; other directories of the root, and what is copied in each time, are not looked at', () => {
  const { at, check } = made()
  fs.mkdirSync(at('deps/.cache/deep'), { recursive: true })
  fs.writeFileSync(at('deps/.cache/deep/one'), '')
  fs.writeFileSync(at('x/built/new'), '')
  fs.symlinkSync(at('other'), at('deps/out'))
  fs.mkdirSync(at('other'))
  fs.writeFileSync(at('other/safe'), '')
  fs.writeFileSync(at('deps/given'), '')
  expect(check()).toBe('fine')
  expect(fs.readdirSync(at('deps')).sort()).toEqual(['given', 'link', 'one', 'sub', 'two'])
  expect(fs.readdirSync(at('x/built'))).toEqual(['four'])
  expect(fs.existsSync(at('other/safe'))).toBe(true)
  expect(check()).toBe('fine')
})

test('a look removes nothing, and what is new is a difference', () => {
  const { at, question } = made()
  const look = () => answerKept({ ...question, action: 'look' })
  expect(look()).toBe('fine')
  fs.writeFileSync(at('deps/new'), '')
  expect([look(), fs.existsSync(at('deps/new'))]).toEqual(['touched', true])
})

test('of files with several links the content decides: another link is no touch, other content is', () => {
  const { at, check } = made((at) => fs.linkSync(at('deps/one'), at('store')))
  fs.linkSync(at('store'), at('another-place'))
  expect([check(), check()]).toEqual(['fine', 'fine'])
  forged(at('store'), () => fs.writeFileSync(at('store'), 'DEPS/ONE'))
  expect(check()).toBe('touched')
})

test('names that are no text are looked at like any others', () => {
  const { at, check } = made((at) => {
    fs.writeFileSync(Buffer.concat([Buffer.from(at('deps/')), Buffer.from([0xff, 0x0a, 0x41])]), '')
    fs.writeFileSync(at('deps/ümlaut'), '')
  })
  expect(check()).toBe('fine')
  fs.writeFileSync(at('deps/ümlaut'), 'x')
  expect(check()).toBe('touched')
})

test('what cannot be read, or a fingerprint that is gone or no longer whole, is a touch', () => {
  const { question, check } = made()
  fs.writeFileSync(question.file, '[["deps"')
  expect(check()).toBe('touched')
  fs.rmSync(question.file)
  expect(check()).toBe('touched')
})

test('a change within the tick of the clock in which it was noted is seen: noting waits for the next', () => {
  for (let round = 0; round < 20; round++) {
    const stage = made()
    fs.writeFileSync(stage.at('deps/one'), 'last')
    expect(stage.note()).toBe('fine')
    forged(stage.at('deps/one'), () => fs.writeFileSync(stage.at('deps/one'), 'LAST'))
    expect(stage.check()).toBe('touched')
  }
})

test('a thread gives the same answers, and where none can be had, the caller does', async () => {
  const shipped = join(projectRoot, 'dist', 'kept-worker.cjs')
  for (const file of [shipped, join(shipped, 'missing')]) {
    const { at, question } = made()
    const keeper = keeperOffThread(file)
    expect(await keeper({ ...question, action: 'check' })).toBe('fine')
    execFileSync('touch', [at('deps/one')])
    expect(await keeper({ ...question, action: 'check' })).toBe('touched')
  }
})

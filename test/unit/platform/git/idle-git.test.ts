import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { SeenProcess } from '../../../../src/domain/process/stray.js'
import { git } from '../../../../src/platform/git/git.js'
import { formatGitFailure } from '../../../../src/platform/git/git-failure.js'
import { createGitWatch, limitIdleGits } from '../../../../src/platform/git/idle-git.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { until } from '../../../support/rigs/until.js'

const path = process.env.PATH
const hasProc = existsSync('/proc/self/stat')

afterEach(() => {
  process.env.PATH = path
  limitIdleGits(0)
})

/** Asks a git that is this shell script, and may be idle for so long, ms. */
function ask(script: string, idleMs: number) {
  const dir = tempDir()
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  process.env.PATH = `${bin}${delimiter}${path ?? ''}`
  limitIdleGits(idleMs, 0)
  return { dir, answer: git({ gitDir: dir, workTree: dir }, ['read-tree', 'HEAD']) }
}

it.runIf(hasProc)('a git that waits for what never comes is ended, and its failure says so', async () => {
  const { answer } = ask('mkfifo pipe && exec cat pipe', 200)
  const asked = await answer
  expect(!asked.ok && [asked.error.exit, asked.error.locks]).toEqual([{ type: 'signal', signal: 'SIGTERM' }, undefined])
  expect(!asked.ok && formatGitFailure(asked.error)).toMatch(
    /^git read-tree: error: git used neither processor nor disk for 0\.2 s, and was ended/,
  )
})

it.runIf(hasProc)('a lock file that is left by a git that had to be killed is named', async () => {
  const { dir, answer } = ask("trap '' TERM; mkfifo pipe; : > index.lock; cat pipe", 200)
  const asked = await answer
  expect(!asked.ok && asked.error.locks).toEqual([join(dir, 'index.lock')])
  expect(!asked.ok && formatGitFailure(asked.error)).toContain(`remove ${join(dir, 'index.lock')}`)
})

it.runIf(hasProc)('a git whose pipes are held by a process outside its group is not waited for', async () => {
  const { dir, answer } = ask('mkfifo pipe; setsid cat pipe & echo said', 200)
  expect(await answer).toEqual({ ok: true, value: 'said' })
  // So that no process is left behind.
  writeFileSync(join(dir, 'pipe'), '')
})

it.runIf(hasProc)('a git that works slowly lives, however long it takes', async () => {
  const { dir, answer } = ask('until test -e stop; do echo >> beats; sleep 0.04; done; echo done', 200)
  const beats = () => (existsSync(join(dir, 'beats')) ? readFileSync(join(dir, 'beats')).length : 0)
  const began = performance.now()
  await until(() => beats() > 10 && performance.now() - began > 1_000, 'it has worked for five times the limit')
  writeFileSync(join(dir, 'stop'), '')
  expect(await answer).toEqual({ ok: true, value: 'done' })
})

/** These processes do not exist: nothing is known of their disk use. */
const seen = (state: string, processorMs: number): SeenProcess => ({
  ...{ pid: 2 ** 30, name: 'git', parent: 0, group: 2 ** 30, start: '1', hasTerminal: false },
  ...{ state, processorMs },
})

it.concurrent.for([
  { name: 'sleeps', state: 'S', perLook: 0, ends: true },
  { name: 'is gone, and somebody holds its pipes', state: undefined, perLook: 0, ends: true },
  { name: 'uses a processor now and then', state: 'S', perLook: 10, ends: false },
  { name: 'waits for a processor', state: 'R', perLook: 0, ends: false },
  { name: 'waits for a disk', state: 'D', perLook: 0, ends: false },
  { name: 'was stopped', state: 'T', perLook: 0, ends: false },
])(
  'a git that $name is judged by what it uses: idle $ends',
  async ({ state, perLook, ends }, { expect: expected, skip }) => {
    if (!hasProc) skip()
    let looks = 0
    const look = () => {
      looks++
      return { members: state === undefined ? [] : [seen(state, looks * perLook)], ageMs: 0 }
    }
    let idle = 0
    const forget = createGitWatch({ idleMs: 200, look }).watch(1, () => idle++)
    await until(() => looks > 12 || idle > 0, 'it has been looked at')
    forget()
    expected(idle).toBe(ends ? 1 : 0)
  },
)

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { formatGitFailure } from '../../../../src/platform/git/git-failure.js'
import { git, gitBytes } from '../../../../src/platform/git/git.js'
import { endGits } from '../../../../src/platform/git/living-gits.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { until } from '../../../support/rigs/until.js'

const path = process.env.PATH

afterEach(() => {
  process.env.PATH = path
})

/** A git that is this script; `$1` is the command. It works in `dir`. */
function scripted(script: string) {
  const dir = tempDir()
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  process.env.PATH = `${bin}${delimiter}${path ?? ''}`
  const place = { gitDir: dir, workTree: dir }
  const read = (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : '')
  return { dir, place, read, write: (name: string) => writeFileSync(join(dir, name), '') }
}

const pidIn = (text: string) => Number(text.trim().split('\n').at(-1))

describe('a git that a launcher starts', () => {
  it('returns what it prints, byte by byte, with stderr apart, and the next one returns its own from the beginning', async () => {
    const { place } = scripted(`printf 'a\\0b\\377 without an end'; echo "to $1" >&2`)
    const warnings: string[] = []
    const onWarnings = (text: string) => void warnings.push(text)
    for (const command of ['ls-files', 'ls-tree', 'log']) {
      const answer = await gitBytes(place, [command], { onWarnings })
      expect(answer).toEqual({ ok: true, value: Buffer.from('a\0b\xff without an end', 'latin1') })
    }
    expect(warnings).toEqual(['to ls-files\n', 'to ls-tree\n', 'to log\n'])
  })

  it('returns more than pipes hold at a time, whole and in order', async () => {
    const { place } = scripted('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i + 1)); done')
    const answer = await git(place, ['ls-files'])
    expect(answer.ok && answer.value).toBe(Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join('\n'))
  })

  it('is given each word as it is, and a directory and variables of any name', async () => {
    const { place, dir } = scripted(
      'for word in "$@"; do printf "%s|" "$word"; done; pwd; printf "%s" "$GIT_WORK_TREE"',
    )
    const odd = join(dir, "it's $(touch owned) `odd`\n*")
    mkdirSync(odd)
    const words = ['ls-files', '', "'", '"', '$HOME', '\\n', 'a b', '*', '; exit 1', '-z', 'ü\n']
    const answer = await git({ ...place, workTree: odd }, words)
    expect(answer).toEqual({ ok: true, value: `${words.join('|')}|${odd}\n${odd}` })
    expect(existsSync(join(dir, 'owned'))).toBe(false)
  })

  it('has the shell as its parent and no input: it reads nothing', async () => {
    const { place } = scripted('cat; echo "$PPID"')
    const first = await git(place, ['ls-files'])
    const second = await git(place, ['ls-files'])
    expect(first.ok && Number(first.value)).not.toBe(process.pid)
    // One shell, which lives on.
    expect(second).toEqual(first)
  })

  it('fails with its own exit code and its own words, even for a wrong use', async () => {
    const { place } = scripted('echo "fatal: no" >&2; exit $2')
    for (const code of [1, 128, 129]) {
      const answer = await git(place, ['ls-files', String(code)])
      expect(!answer.ok && answer.error).toMatchObject({ exit: { type: 'code', code }, stderr: 'fatal: no\n' })
    }
  })

  it('says so if a signal ended it', async () => {
    const { place } = scripted('kill -s $2 $$')
    for (const name of ['KILL', 'TERM']) {
      const answer = await git(place, ['ls-files', name])
      expect(!answer.ok && answer.error).toMatchObject({ exit: { type: 'signal', signal: `SIG${name}` }, stderr: '' })
    }
  })

  it('cannot start in a directory that does not exist, like any other', async () => {
    const { place, dir } = scripted('echo here')
    const answer = await git({ ...place, workTree: join(dir, 'gone') }, ['ls-files'])
    expect(!answer.ok && answer.error.exit.type).toBe('not_started')
    expect(await git(place, ['ls-files'])).toEqual({ ok: true, value: 'here' })
  })

  it('does not wait for another one: as many run at a time as are asked for', async () => {
    const { place, read, write } = scripted('echo $$ >> started; until [ -e go ]; do sleep 0.01; done; echo $2')
    const asked = Array.from({ length: 20 }, (_, i) => git(place, ['ls-files', String(i)]))
    await until(() => read('started').split('\n').length === 21, 'all of them run')
    write('go')
    expect(await Promise.all(asked)).toEqual(asked.map((_, i) => ({ ok: true, value: String(i) })))
  })
})

describe('when a launcher is killed', () => {
  it('its git is ended first, and only then asked again', async () => {
    const { place, read } = scripted(`
      [ -e held ] && echo 'still held' >&2 && exit 1
      : > held
      trap 'rm held; echo ended >> log; exit 1' TERM
      echo "$PPID" >> shells
      [ "$(wc -l < shells)" -gt 1 ] && rm held && echo done && exit
      while :; do sleep 0.01; done`)
    const asked = git(place, ['add'])
    await until(() => read('shells') !== '', 'it runs')
    process.kill(pidIn(read('shells')), 'SIGKILL')
    expect(await asked).toEqual({ ok: true, value: 'done' })
    expect(read('log')).toBe('ended\n')
  })

  it('another takes its place if it has nothing to do', async () => {
    const { place } = scripted('echo "$PPID"')
    const first = await git(place, ['ls-files'])
    process.kill(Number(first.ok && first.value), 'SIGKILL')
    const second = await git(place, ['ls-files'])
    expect(second.ok && second.value).not.toBe(first.ok && first.value)
  })

  it('nothing is asked again if autopilot itself is stopping', async () => {
    const { place, read } = scripted("trap '' TERM; echo begun >> log; while :; do sleep 0.01; done")
    const asked = git(place, ['add'])
    await until(() => read('log') !== '', 'it runs')
    endGits('SIGKILL')
    const answer = await asked
    expect(!answer.ok && answer.error.exit).toEqual({ type: 'signal', signal: 'SIGKILL' })
    expect(read('log')).toBe('begun\n')
  })

  it('a stop that lets gits end first does not end the launcher', async () => {
    const { place, read } = scripted(
      '[ $1 = log ] && echo $PPID && exit; trap \'echo "fatal: stopped" >&2; exit 5\' TERM; echo $PPID > shell; while :; do sleep 0.01; done',
    )
    const asked = git(place, ['add'])
    await until(() => read('shell') !== '', 'it runs')
    endGits('SIGTERM')
    const answer = await asked
    expect(!answer.ok && formatGitFailure(answer.error)).toBe('git add: fatal: stopped (exit code 5)')
    expect(await git(place, ['log'])).toEqual({ ok: true, value: read('shell').trim() })
  })
})

it('what somebody else prints to a launcher’s output is nobody’s answer', async () => {
  const { place, read, write } = scripted(
    '[ $1 = log ] && echo $PPID && exit; { until [ -e go ]; do sleep 0.01; done; echo more; : > said; } >&2 & echo $PPID',
  )
  const first = await git(place, ['add'])
  write('go')
  await until(() => existsSync(join(place.gitDir, 'said')), 'it was said')
  await until(() => !isAlive(Number(first.ok && first.value)), 'the launcher has gone')
  const second = await git(place, ['log'])
  expect(second.ok && second.value).not.toBe(first.ok && first.value)
  expect(read('said')).toBe('')
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

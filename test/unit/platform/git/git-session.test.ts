import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, it, vi, onTestFinished } from 'vitest'
import { openGitSession } from '../../../../src/platform/git/git-session.js'
import { childrenOf, stateOf } from '../../../support/rigs/processes.js'
import { gitRepo } from '../../../support/scenes/repositories.js'
import { until } from '../../../support/rigs/until.js'

/** The one that began last: those of earlier tests may still exist. */
const sessionOf = (word: string) => childrenOf(process.pid).findLast(({ command }) => command.includes(word))!

/** Kills the git that waits for a question, and waits until its parent could have seen that. */
async function killIdle(word: string): Promise<void> {
  const { pid } = sessionOf(word)
  process.kill(pid, 'SIGKILL')
  await until(() => stateOf(pid) === '', `${word} has been reaped`)
}

/** A git on the PATH that does this instead. */
function fakeGit(repo: ReturnType<typeof gitRepo>, script: string): void {
  const bin = repo.beside('fake-bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, 'git'), 0o755)
  vi.stubEnv('PATH', `${bin}${delimiter}${process.env.PATH}`)
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe('a git that answers question by question', () => {
  it('is started again if it was killed while nobody asked, and answers', async () => {
    const repo = gitRepo()
    const session = openGitSession({ gitDir: join(repo.dir, '.git') }, ['cat-file', '--batch-check=%(objectname)'])
    const ask = () => session.ask('HEAD\n', (text) => text.endsWith('\n'))
    const first = await ask()
    await killIdle('cat-file')
    expect(await ask()).toEqual(first)
    expect(first).toEqual({ ok: true, value: `${repo.git('rev-parse', 'HEAD')}\n` })
  })

  it('that is killed during a question is asked again if that does no harm, twice at most', async () => {
    const repo = gitRepo()
    const log = repo.beside('asked')
    fakeGit(repo, `read -r line; echo "$line" >> '${log}'; kill -9 $$`)
    const place = { gitDir: join(repo.dir, '.git') }
    const whole = (text: string) => text.endsWith('\n')
    const once = await openGitSession(place, ['cat-file']).ask('one\n', whole)
    const again = await openGitSession(place, ['cat-file'], { repeatable: true }).ask('two\n', whole)
    expect(once).toMatchObject({ ok: false, error: { exit: { type: 'signal', signal: 'SIGKILL' } } })
    expect(again).toMatchObject({ ok: false, error: { exit: { type: 'signal', signal: 'SIGKILL' } } })
    expect(readFileSync(log, 'utf8')).toBe('one\ntwo\ntwo\ntwo\n')
  })

  it('that never answers is ended after its limit, even a stopped one; the next question starts another', async () => {
    const repo = gitRepo()
    const session = openGitSession({ gitDir: join(repo.dir, '.git') }, ['cat-file', '--batch-check=%(objectname)'], {
      limitMs: 100,
    })
    const ask = () => session.ask('HEAD\n', (text) => text.endsWith('\n'))
    await ask()
    const git = sessionOf('cat-file')
    process.kill(git.pid, 'SIGSTOP')
    await until(() => stateOf(git.pid) === 'T', 'git is stopped')
    const unanswered = await ask()
    expect(unanswered).toMatchObject({
      ok: false,
      error: { exit: { type: 'signal' }, stderr: 'error: git gave no answer within 0.1 s and was ended\n' },
    })
    expect(stateOf(git.pid)).toBe('')
    expect(await ask()).toMatchObject({ ok: true })
  })

  it('continues only in the process that was asked before: a new one would say that nothing at all was done', async () => {
    const repo = gitRepo()
    const session = openGitSession({ gitDir: join(repo.dir, '.git') }, ['update-ref', '--stdin'])
    await session.ask('start\nprepare\n', (text) => text.endsWith('prepare: ok\n'))
    await killIdle('update-ref')
    const control = execFileSync('git', ['-C', repo.dir, 'update-ref', '--stdin'], { input: 'commit\n' })
    expect(control.toString()).toBe('commit: ok\n')
    expect(await session.followUp('commit\n', (text) => text.endsWith('commit: ok\n'))).toMatchObject({ ok: false })
  })

  it('that cannot be started at all is a failure, not an error that nobody handles', async () => {
    const repo = gitRepo()
    mkdirSync(repo.beside('nothing'))
    vi.stubEnv('PATH', repo.beside('nothing'))
    onTestFinished(() => void vi.unstubAllEnvs())
    const session = openGitSession({ gitDir: join(repo.dir, '.git') }, ['cat-file'])
    const answers = await Promise.all([session.ask('a\n', () => true), session.ask('b\n', () => true)])
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, error: { exit: { type: 'not_started' } } })
  })
})

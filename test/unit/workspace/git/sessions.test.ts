import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { commitId, runId, taskId } from '../../../support/brands.js'
import { attemptRef } from '../../../../src/workspace/refs/ref-name.js'
import { changeRefs } from '../../../../src/workspace/git/sessions.js'
import { commitOn } from '../../../support/scenes/commit-on.js'
import { gitRepo, openRepo } from '../../../support/scenes/repositories.js'

describe('changing refs', () => {
  it('makes a ref once, all lines or none, and continues after a refusal', async () => {
    const repo = gitRepo()
    const repository = await openRepo(repo)
    const base = repo.git('rev-parse', 'main')
    const ref = attemptRef(runId('r1'), taskId('../T 1'), 2)
    const [one, two] = [commitOn(repo, commitId(base), { a: '1' }), commitOn(repo, commitId(base), { a: '2' })]
    expect((await changeRefs(repository, [`create ${ref} ${one}`])).ok).toBe(true)
    expect(await changeRefs(repository, [`create ${ref}-b ${two}`, `create ${ref} ${two}`])).toMatchObject({
      ok: false,
    })
    expect(repo.git('for-each-ref', '--format=%(refname)', `${ref}*`)).toBe(ref)
    expect((await changeRefs(repository, [`update ${ref} ${two} ${one}`])).ok).toBe(true)
    expect(repo.git('rev-parse', ref)).toBe(two)
    expect(ref).toMatch(/^refs\/autopilot\/r1\/t-1-[0-9a-f]{12}\/2$/)
  })

  const before = 'read -r line; kill -9 $$'
  const done = 'REAL "$@" > /dev/null; kill -9 $$'

  it.each([
    ['before it did anything', [before]],
    ['once it had done it, without a word', [done]],
    ['before it did anything, and again once it had', [before, done]],
    ['three times, and the last time it had done it', [before, before, done]],
  ])('comes out right when git is killed %s', async (_, scripts) => {
    const repo = gitRepo()
    const repository = await openRepo(repo)
    const [base, ref] = [repo.git('rev-parse', 'main'), attemptRef(runId('r1'), taskId('t'), 1)]
    const bin = repo.beside('killed-once')
    mkdirSync(bin)
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
    // Only the first ones are killed. Each is given the whole question, but its stdin does not end: `head` ends it.
    const killed = scripts.map((script, at) => {
      const action = script.replace('REAL', `head -n 4 | ${real}`)
      return `case "$*" in *update-ref*) if mkdir '${bin}/was-${at}' 2>/dev/null; then ${action}; fi;; esac`
    })
    writeFileSync(join(bin, 'git'), `#!/bin/sh\n${killed.join('\n')}\nexec ${real} "$@"\n`)
    chmodSync(join(bin, 'git'), 0o755)
    vi.stubEnv('PATH', `${bin}${delimiter}${process.env.PATH}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await changeRefs(repository, [`create ${ref} ${base}`])).toEqual({ ok: true, value: undefined })
    expect(existsSync(join(bin, `was-${scripts.length - 1}`))).toBe(true)
    expect(repo.git('rev-parse', ref)).toBe(base)
  })

  it('answers questions that are asked at once, each in its turn', async () => {
    const repo = gitRepo()
    const repository = await openRepo(repo)
    const base = repo.git('rev-parse', 'main')
    const refs = Array.from({ length: 20 }, (_, index) => `refs/autopilot/r1/many/${index}`)
    const done = await Promise.all(refs.map((ref) => changeRefs(repository, [`create ${ref} ${base}`])))
    expect(done.every(({ ok }) => ok)).toBe(true)
    expect(repo.git('for-each-ref', '--format=%(refname)', 'refs/autopilot/r1/many').split('\n')).toHaveLength(20)
  })
})

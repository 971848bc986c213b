import { describe, expect, it } from 'vitest'
import { attemptRef } from '../../src/workspace/ref-name.js'
import { changeRefs } from '../../src/workspace/sessions.js'
import { commitOn } from '../support/commit-on.js'
import { gitRepo, openRepo } from '../support/repositories.js'

describe('changing refs', () => {
  it('makes a ref once, all lines or none, and goes on after a refusal', async () => {
    const repo = gitRepo()
    const repository = await openRepo(repo)
    const base = repo.git('rev-parse', 'main')
    const ref = attemptRef('r1', '../T 1', 2)
    const [one, two] = [commitOn(repo, base, { a: '1' }), commitOn(repo, base, { a: '2' })]
    expect((await changeRefs(repository, [`create ${ref} ${one}`])).ok).toBe(true)
    expect(await changeRefs(repository, [`create ${ref}-b ${two}`, `create ${ref} ${two}`])).toMatchObject({
      ok: false,
    })
    expect(repo.git('for-each-ref', '--format=%(refname)', `${ref}*`)).toBe(ref)
    expect((await changeRefs(repository, [`update ${ref} ${two} ${one}`])).ok).toBe(true)
    expect(repo.git('rev-parse', ref)).toBe(two)
    expect(ref).toMatch(/^refs\/autopilot\/r1\/t-1-[0-9a-f]{12}\/2$/)
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

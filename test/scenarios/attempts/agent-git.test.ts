// What agents do with their own git: rebases, markers, rules, branches, an older HEAD.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { recordsOf } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const roadmap = 'tasks:\n  - { id: build, title: Build it }\n'

test('a rebase that stopped in a conflict is finished in the same conversation, and then the work lands', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    const { execSync } = process.getBuiltinModule('node:child_process')
    const sh = (command: string) => execSync(command, { stdio: 'ignore' })
    if (attempt === 1) {
      write('one.txt', 'theirs\n')
      sh('git checkout -qb other && git add -A && git commit -qm theirs && git checkout -q -')
      write('one.txt', 'ours\n')
      sh('git add -A && git commit -qm ours && ! git rebase other')
    } else {
      write('one.txt', 'both\n')
      sh('git add one.txt && GIT_EDITOR=: git rebase --continue')
    }
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(calls()).toHaveLength(2)
  expect(calls()[1]!.prompt).toMatch(/- git: a rebase is unfinished; .*one\.txt[^]*`git status` says where it stands/)
  expect(stage.landed('one.txt')).toBe('both')
  expect(recordsOf(ended, 'finishing_started')).toMatchObject([{ turn: 1, reason: { kind: 'unfinished' } }])
  expect(recordsOf(ended, 'repair_started')).toHaveLength(0)
})

test('marker lines that the agent committed go back to it, and what it hid with its own rules is reported', async () => {
  const stage = scene({ roadmap })
  fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write('notes.md', attempt === 1 ? '<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> other\n' : 'both\n')
    write('.git/info/exclude', '/scratch\n')
    write('scratch', 'x')
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'repair_started')).toMatchObject([{ reason: { kind: 'conflict', paths: ['notes.md'] } }])
  expect(stage.landed('notes.md')).toBe('both')
  const [hidden] = recordsOf(ended, 'changes_left_out')
  expect(hidden).toMatchObject({ taskId: 'build', reason: 'hidden', paths: ['scratch'] })
})

import { expect, test } from 'vitest'
import { noOrdinaryUser, notRoot } from './ordinary-user.js'
import type { Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { all, only, setStage } from './stage.js'

const roadmap = 'tasks:\n  - { id: hello, title: Say hello }\n'
const bothClis = [{ agent: 'claude' }, { agent: 'codex' }] as const

/** What `edit` forbids both CLIs: here to run git, there to write into `.git`. */
function commitByHand({ results }: Turn): Answer {
  if (results > 0) return { type: 'text', text: 'Done.' }
  const who = '-c user.name=Agent -c user.email=agent@example.org'
  return { type: 'shell', command: `git ${who} commit -q --allow-empty -m 'By hand' && echo hello > by-hand.txt` }
}

function writeAFile({ cli, results }: Turn): Answer {
  return results === 0 ? { type: 'write', path: 'hello.txt', content: `by ${cli}\n` } : { type: 'text', text: 'Done.' }
}

test('claude with full permissions as root is refused before anything starts', async ({ skip }) => {
  skip(notRoot !== undefined, notRoot)
  const stage = await setStage({ roadmap, script: commitByHand })
  const { code, stdout, stderr } = await stage.run('-p', 'claude', '--permissions', 'full')
  expect(`${stdout}${stderr}`).toContain('claude refuses full permissions as root')
  expect(code).toBe(3)
  expect(stage.server.turns).toEqual([])
  expect(stage.scene.repo.git('branch', '--list', 'autopilot/*')).toBe('')
})

test('claude with full permissions as root works on a machine that is declared a sandbox', async ({ skip }) => {
  skip(notRoot !== undefined, notRoot)
  const stage = await setStage({ roadmap, script: commitByHand, config: "env: { IS_SANDBOX: '1' }\n" })
  const { code } = await stage.run('-p', 'claude', '--permissions', 'full')
  expect(stage.scene.landed('by-hand.txt')).toBe('hello')
  expect(code).toBe(0)
  await stage.quiet()
})

test.for(bothClis)('an ordinary user can give $agent full permissions', async ({ agent }, { skip }) => {
  skip(noOrdinaryUser !== undefined, noOrdinaryUser)
  const stage = await setStage({ roadmap, script: commitByHand })
  stage.handOver()
  const { code, records, stderr } = await stage.run('-p', agent, '--permissions', 'full', '-i', '1')
  expect(stderr).toBe('')
  expect(all(records(), 'attempt_failed')).toEqual([])
  expect(only(records(), 'provider_detected').permissions).toBe(
    agent === 'claude' ? 'bypassPermissions' : 'danger-full-access',
  )
  expect(stage.scene.landed('by-hand.txt')).toBe('hello')
  expect(code).toBe(0)
  await stage.quiet()
})

test.for(bothClis)('an ordinary user can let $agent edit files and do nothing else', async ({ agent }, { skip }) => {
  skip(noOrdinaryUser !== undefined, noOrdinaryUser)
  const stage = await setStage({
    roadmap: `${roadmap}  - { id: commit, title: Commit by hand }\n`,
    script: (turn) => (turn.task === 'hello' ? writeAFile(turn) : commitByHand(turn)),
  })
  stage.handOver()
  const { code, records } = await stage.run('-p', agent, '-i', '1', '-a', '1')
  expect(stage.scene.landed('hello.txt')).toBe(`by ${agent}`)
  expect(only(records(), 'task_failed')).toMatchObject({ taskId: 'commit', failure: { kind: 'no_change' } })
  expect(code).toBe(1)
  await stage.quiet()
})

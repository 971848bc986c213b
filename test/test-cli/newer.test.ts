import { expect, test } from 'vitest'
import { providers } from '../../src/providers/index.js'
import type { Turn } from './model-server.js'
import type { Answer } from './protocol.js'
import { all, only, readStdout, setStage } from './stage.js'

const roadmap = 'tasks:\n  - { id: hello, title: Say hello }\n  - { id: bye, title: Say goodbye }\n'
const bothClis = [{ agent: 'claude' }, { agent: 'codex' }] as const

function writeAFile({ task, results }: Turn): Answer {
  return results === 0
    ? { type: 'write', path: `${task}.txt`, content: `${task}\n` }
    : { type: 'text', text: `Wrote ${task}.txt.` }
}

test.each(bothClis)('a newer $agent runs, and a line names the tested version once', async ({ agent }) => {
  const stage = await setStage({ roadmap, script: writeAFile })
  stage.wrap(agent, `[ "$1" = --version ] && echo 'v99.1.0 of the CLI' && exit\nexec "$real" "$@"`)
  const { code, records } = await stage.run('-p', agent)
  expect(code).toBe(0)
  expect(all(records(), 'notice').filter(({ text }) => text.includes('was tested with'))).toEqual([
    expect.objectContaining({
      level: 'warning',
      text: `${agent} is 99.1.0; autopilot was tested with ${providers[agent].program!.testedVersion}`,
    }),
  ])
  await stage.quiet()
})

test.each(bothClis)('unknown lines of $agent are tolerated and kept as they are', async ({ agent }) => {
  const stage = await setStage({ roadmap, script: writeAFile })
  const novelties = ['{"type":"novelty","level":11}', '{"type":"system","subtype":"novelty"}', 'not even JSON', '[]']
  stage.wrap(
    agent,
    `[ "$1" = --version ] || printf '%s\\n' ${novelties.map((one) => `'${one}'`).join(' ')}\nexec "$real" "$@"`,
  )
  const { code, records } = await stage.run('-p', agent)
  expect(code).toBe(0)
  expect(stage.scene.landed('hello.txt')).toBe('hello')
  const kept = readStdout(stage, records(), 'hello')
  expect(kept.split('\n').slice(0, novelties.length)).toEqual(novelties)
  await stage.quiet()
})

test.each(bothClis)(
  'a stream of $agent without its final event is a crash, even with exit code 0',
  async ({ agent }) => {
    const stage = await setStage({ roadmap, script: writeAFile })
    stage.wrap(agent, `[ "$1" = --version ] && exec "$real" "$@"\n"$real" "$@" | sed '$d'`)
    const { code, records } = await stage.run('-p', agent, '-i', '1', '--only', 'hello')
    expect(only(records(), 'agent_exited').exit).toEqual({ type: 'code', code: 0 })
    expect(only(records(), 'task_failed').failure.kind).toBe('crash')
    expect(stage.scene.repo.git('show', `${only(records(), 'commit_kept').ref}:hello.txt`)).toBe('hello')
    expect(code).toBe(1)
  },
)

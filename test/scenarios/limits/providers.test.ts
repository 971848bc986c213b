// Providers that stop in the middle of a run.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { hurried } from '../../support/scenes/hurried.js'
import { rig, scene } from '../../support/scenes/rigged-scene.js'

const three =
  'tasks:\n  - { id: a, expects: no_change }\n  - { id: b, expects: no_change }\n  - { id: c, expects: no_change }\n'

test('a missing login stops the provider once the agent that goes first after a cool-down finds it: all tasks are held with the reason, exit 1', async () => {
  const stage = scene({ roadmap: three })
  Object.assign(stage.env, hurried(stage))
  const calls = fakeCli(stage, 'claude', ({ play }) => {
    play('no-key')
  })
  const { code, stdout } = await stage.run(['run', '-a', '1'])
  expect(code).toBe(1)
  expect(calls()).toHaveLength(2)
  expect(stdout.match(/^Held .*Not logged in.*claude auth login/gm)).toHaveLength(3)
})

test('tasks of a provider that has lost its login continue with the other one', async () => {
  const stage = scene({ roadmap: three })
  fakeCli(stage, 'claude', ({ play }) => {
    play('oauth-401')
  })
  const calls = fakeCli(stage, 'codex', ({ succeed }) => {
    succeed()
  })
  const { code } = await stage.run(['run', '-a', '2', '-i', '1', '-p', 'claude', '-p', 'codex'])
  expect(code).toBe(0)
  expect(calls()).toHaveLength(3)
})

test('a used-up allowance ends the run with 75: worth running again', async () => {
  const stage = scene({ roadmap: three })
  fakeCli(stage, 'claude', ({ task, play, succeed }) => {
    if (task === 'a') succeed()
    else play('oauth-usage')
  })
  const { code, stdout } = await stage.run(['run', '-a', '1', '--on-limit', 'stop'])
  expect(code).toBe(75)
  expect(stdout).toMatch(/Done +1 of 3 tasks, .*cooling down until/)
  expect(stage.repo.read('roadmap.yaml').match(/status: done/g)).toHaveLength(1)
})

test('two CLIs share one run: a cap holds, and each gets its prompt on stdin alone', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: three })
  agents.install('claude', { version: '2.1.332 (Claude Code)' })
  agents.install('codex', { version: 'codex-cli 0.171.0' })
  const running = stage.start(['run', '-a', '3', '-p', 'claude=1', '-p', 'codex', '--output', 'json'], {
    env: { PATH: `${agents.binDir}:${stage.env.PATH}` },
  })
  const at = [await agents.next(), await agents.next(), await agents.next()]
  expect(at.map(({ name }) => name).sort()).toEqual(['claude', 'codex', 'codex'])
  for (const agent of at) {
    expect(await agent.stdin).toMatch(/\nTask [abc]\.\n/)
    expect(agent.args.join('\n')).not.toMatch(/Task [abc]\./)
    if (agent.name === 'claude') {
      await agent.say('{"type":"result","subtype":"success","is_error":false,"result":"ok"}')
    } else {
      await agent.say('{"type":"turn.completed","usage":{"input_tokens":7,"cached_input_tokens":0,"output_tokens":1}}')
    }
    await agent.exit(0)
  }
  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(records().filter(({ type }) => type === 'provider_detected')).toMatchObject([
    { provider: 'claude', usable: true, version: '2.1.332' },
    { provider: 'codex', usable: true, version: '0.171.0' },
  ])
})

test('a CLI with an untested version runs, with a warning', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, provider: codex }\n' })
  stage.program(
    'codex',
    `#!/bin/sh
[ "$1" = --version ] && { echo 'codex-cli 9.9.9'; exit 0; }
cat > prompt.txt
echo '{"type":"turn.completed","usage":{"input_tokens":7,"cached_input_tokens":0,"output_tokens":1}}'
`,
  )
  const { code, stderr, stdout } = await stage.run(['run'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/codex is 9\.9\.9; autopilot was tested with/)
  expect(stage.landed('prompt.txt')).toContain('Task a.')
  expect(stdout).toMatch(/Tokens +7 in, 1 out/)
})

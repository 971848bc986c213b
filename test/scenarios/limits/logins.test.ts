// Several agents on one login, and logins that are refused.
import { describe, expect, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { hurried } from '../../support/scenes/hurried.js'
import type { RecordOf } from '../../support/rigs/program.js'
import { rig, scene } from '../../support/scenes/rigged-scene.js'
import type { SceneOptions } from '../../support/scenes/scene.js'

const tasks = (...ids: readonly string[]) =>
  `tasks:\n${ids.map((id) => `  - { id: ${id}, expects: no_change }\n`).join('')}`

/** A scene in which cool-downs pass at once by autopilot's own clock. */
function hurriedScene(options: SceneOptions) {
  const stage = scene(options)
  Object.assign(stage.env, hurried(stage))
  return stage
}

function ofType<Type extends RunRecord['type']>(records: readonly RunRecord[], type: Type): readonly RecordOf<Type>[] {
  return records.filter((record): record is RecordOf<Type> => record.type === type)
}

/** How long each cool-down of the account was, s. */
const coolDownsOf = (records: readonly RunRecord[]) =>
  ofType(records, 'provider_cooled_down').map(({ until, at }) => Math.round((until - at) / 1000))

describe('several agents on one login', () => {
  test.each([
    ['', {}],
    [', also in CI, where a run does not wait for long', { CI: 'true' }],
  ])(
    'of which some lose the race for its token: it cools down, and every task is done without a lost attempt%s',
    async (_, env) => {
      const stage = hurriedScene({ roadmap: tasks('a', 'b', 'c', 'd', 'e', 'f') })
      fakeCli(stage, 'claude', ({ task, attempt, play, succeed }) => {
        if ((task === 'a' || task === 'c') && attempt === 1) play('oauth-401')
        else succeed()
      })
      const { code, records } = await stage.run(['run', '-a', '3', '-i', '1', '--output', 'json'], { env })
      expect(code).toBe(0)
      expect(ofType(records(), 'task_done')).toHaveLength(6)
      expect(ofType(records(), 'attempt_failed').map(({ counted, willRetry }) => [counted, willRetry])).toEqual([
        [false, true],
        [false, true],
      ])
      expect(ofType(records(), 'provider_stopped')).toEqual([])
      const [cooledDown] = ofType(records(), 'provider_cooled_down')
      expect(cooledDown?.failure.message).toMatch(/race to renew it.*claude setup-token.*CLAUDE_CODE_OAUTH_TOKEN/)
      expect(coolDownsOf(records())[0]).toBeGreaterThanOrEqual(15)
      expect(coolDownsOf(records())[0]).toBeLessThanOrEqual(30)
    },
  )

  test('that nobody renews: three refusals in a row stop the provider, and those of one moment are one', async () => {
    const stage = hurriedScene({ roadmap: tasks('a', 'b', 'c', 'd', 'e', 'f') })
    const agents = await rig()
    agents.install('claude', { version: '2.1.332 (Claude Code)' })
    const running = stage.start(['run', '-a', '3', '-i', '1', '--output', 'json'], {
      env: { PATH: `${agents.binDir}:${stage.env.PATH}` },
    })
    const refused = '{"type":"result","is_error":true,"api_error_status":401,"result":"OAuth token has expired"}'
    const together = [await agents.next(), await agents.next(), await agents.next()]
    for (const agent of together) await agent.say(refused)
    for (const agent of together) await agent.exit(1)
    // Then one goes first, alone, and once more.
    for (let left = 2; left > 0; left--) {
      const agent = await agents.next()
      expect(agents.living()).toEqual(['claude'])
      await agent.say(refused)
      await agent.exit(1)
    }
    const { code, records } = await running.ended
    expect(code).toBe(1)
    expect(agents.started).toHaveLength(5)
    const [first, second, ...more] = coolDownsOf(records())
    expect([first! >= 15 && first! <= 30, second! >= 60 && second! <= 120, more]).toEqual([true, true, []])
    expect(ofType(records(), 'provider_stopped')).toMatchObject([
      { failure: { kind: 'auth', message: expect.stringMatching(/^refused 3 times in a row/) as string } },
    ])
    expect(ofType(records(), 'task_held')).toHaveLength(6)
  })

  test('that cools down for longer than the run may wait ends the run with 75, before anything else starts', async () => {
    const stage = hurriedScene({ roadmap: tasks('a', 'b') })
    const calls = fakeCli(stage, 'claude', ({ play }) => {
      play('oauth-401')
    })
    const { code, records } = await stage.run(['run', '-a', '1', '--max-wait', '5s', '--output', 'json'])
    expect(code).toBe(75)
    expect(calls()).toHaveLength(1)
    expect(ofType(records(), 'attempt_failed')).toMatchObject([{ counted: false, failure: { kind: 'auth' } }])
    expect(ofType(records(), 'provider_stopped')).toEqual([])
  })

  test('which is none at all: the one that goes first, alone, stops the provider', async () => {
    const stage = hurriedScene({ roadmap: tasks('a', 'b', 'c', 'd', 'e', 'f') })
    fakeCli(stage, 'claude', ({ play }) => {
      play('no-key')
    })
    const { code, records } = await stage.run(['run', '-a', '3', '--output', 'json'])
    expect(code).toBe(1)
    expect(coolDownsOf(records())).toHaveLength(1)
    // How many of the three had started by then is a matter of moments.
    const cooledDown = records().findIndex(({ type }) => type === 'provider_cooled_down')
    expect(ofType(records().slice(cooledDown), 'attempt_started')).toHaveLength(1)
    expect(ofType(records(), 'provider_stopped')).toMatchObject([{ failure: { loggedOut: true } }])
  })

  test('of which one was answered in this run: "not logged in" is then a lost race, and is tried three times', async () => {
    const stage = hurriedScene({ roadmap: tasks('a', 'b') })
    const calls = fakeCli(stage, 'claude', ({ task, play, succeed }) => {
      if (task === 'a') succeed()
      else play('no-key')
    })
    const { code, records } = await stage.run(['run', '-a', '1', '-i', '1', '--output', 'json'])
    expect(code).toBe(1)
    expect(calls()).toHaveLength(4)
    expect(coolDownsOf(records())).toHaveLength(2)
  })
})

describe('what a CLI refuses before it does anything', () => {
  test('a wrong model costs one start, and is out for the run with what to do', async () => {
    const stage = scene({ roadmap: tasks('a', 'b', 'c', 'd') })
    const calls = fakeCli(stage, 'claude', ({ play }) => {
      play('404')
    })
    const { code, records, stdout } = await stage.run(['run', '-a', '1', '-p', 'claude:opsu', '--output', 'json'])
    expect(code).toBe(1)
    expect(calls()).toHaveLength(1)
    expect(ofType(records(), 'model_stopped')).toMatchObject([{ provider: 'claude', model: 'opsu' }])
    expect(ofType(records(), 'attempt_failed')).toMatchObject([{ counted: false }])
    expect(ofType(records(), 'task_held')).toHaveLength(4)
    expect(stdout).toMatch(/choose another model with --provider NAME:MODEL/)
  })

  test('a wrong model stops only that model: other models of the provider continue', async () => {
    const stage = scene({ roadmap: `${tasks('a')}  - { id: b, model: sonnet, expects: no_change }\n` })
    const calls = fakeCli(stage, 'claude', ({ task, play, succeed }) => {
      if (task === 'a') play('404')
      else succeed()
    })
    const { code, records } = await stage.run(['run', '-a', '1', '-p', 'claude:opsu', '--output', 'json'])
    expect(code).toBe(1)
    expect(calls()).toHaveLength(2)
    expect(ofType(records(), 'task_done')).toMatchObject([{ taskId: 'b' }])
    expect(ofType(records(), 'task_held')).toMatchObject([{ taskId: 'a' }])
  })

  test('a model that fails after an answer costs the task its attempts, and no other task anything', async () => {
    const stage = scene({ roadmap: tasks('a', 'b') })
    fakeCli(stage, 'claude', ({ task, say, succeed }) => {
      if (task === 'b') {
        succeed()
        return
      }
      say({ type: 'assistant', message: { content: [{ type: 'text', text: 'working' }] } })
      say({ type: 'result', subtype: 'success', is_error: true, api_error_status: 404, result: 'issue with the model' })
    })
    const { code, records } = await stage.run(['run', '-a', '1', '-i', '2', '--output', 'json'])
    expect(code).toBe(1)
    expect(ofType(records(), 'model_stopped')).toEqual([])
    expect(ofType(records(), 'task_failed')).toMatchObject([{ taskId: 'a', attempts: 2, failure: { kind: 'model' } }])
    expect(ofType(records(), 'task_done')).toMatchObject([{ taskId: 'b' }])
  })

  test('a configuration that codex refuses costs one start, and the message has the position of the mistake', async () => {
    const stage = scene({ roadmap: tasks('a', 'b') })
    const script = (stderr: string) => `#!/bin/sh
[ "$1" = --version ] && { echo 'codex-cli 0.171.0'; exit 0; }
cat > /dev/null; echo start >> "$HOME/starts"
printf '${stderr}' >&2; exit 1
`
    stage.program(
      'codex',
      script(String.raw`Error loading config.toml: it is broken\nconfig.toml:3:10\nin this table\n`),
    )
    const { code, records } = await stage.run(['run', '-a', '1', '--output', 'json'])
    expect(code).toBe(1)
    const [{ failure } = { failure: undefined }] = ofType(records(), 'provider_stopped')
    expect(failure).toMatchObject({ kind: 'usage' })
    expect(failure?.message).toContain('it is broken | config.toml:3:10 | in this table')
    expect(ofType(records(), 'attempt_started')).toHaveLength(1)
  })

  // The words of codex 0.171.0 at `profile = "work"` in config.toml.
  test('a profile that codex refuses costs one start, and codex stops with its own advice', async () => {
    const stage = scene({ roadmap: tasks('a', 'b') })
    const said = [
      'WARNING: proceeding, even though we could not create PATH aliases',
      'Error: legacy `profile = "work"` config is no longer supported; use `--profile work` with `work.config.toml` instead',
      '',
      'Stack backtrace:',
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((frame) => `   ${frame}: <unknown>`),
    ]
    stage.program(
      'codex',
      `#!/bin/sh
[ "$1" = --version ] && { echo 'codex-cli 0.171.0'; exit 0; }
cat > /dev/null
cat >&2 <<'EOF'\n${said.join('\n')}\nEOF
exit 1
`,
    )
    const { code, records } = await stage.run(['run', '-a', '1', '--output', 'json'])
    expect(code).toBe(1)
    expect(ofType(records(), 'attempt_started')).toHaveLength(1)
    expect(ofType(records(), 'attempt_failed')).toMatchObject([{ counted: false, failure: { kind: 'usage' } }])
    const [{ failure } = { failure: undefined }] = ofType(records(), 'provider_stopped')
    expect(failure?.kind).toBe('usage')
    expect(failure?.message).toContain('use `--profile work` with `work.config.toml` instead')
  })
})

test('a variable that is set and withheld is named with the setting that passes it on, even if .mcp.json asks for it', async () => {
  const mcp = JSON.stringify({ mcpServers: { x: { command: 'x', env: { A: '${MCP_KEY}', B: '${MCP_NONE:-b}' } } } })
  const stage = hurriedScene({ roadmap: tasks('a'), files: { '.mcp.json': mcp } })
  const missing = `{"type":"turn.failed","error":{"message":"Missing environment variable: \`MY_KEY\`."}}`
  stage.program(
    'codex',
    `#!/bin/sh\n[ "$1" = --version ] && { echo 'codex-cli 0.171.0'; exit 0; }\ncat > /dev/null\nprintf '%s\\n' '${missing}'\n`,
  )
  const args = ['run', '-a', '1', '-p', 'codex', '--output', 'json']
  const withheld = await stage.run(args, { env: { MY_KEY: 'k', MCP_KEY: 'm' } })
  expect(withheld.stdout).toMatch(/MY_KEY.*under env: in autopilot\.yaml/)
  // codex does not read that file.
  expect(ofType(withheld.records(), 'notice').filter(({ text }) => text.includes('.mcp.json'))).toEqual([])
  const unset = await stage.run(args)
  expect(unset.stdout).toMatch(/MY_KEY/)
  expect(unset.stdout).not.toMatch(/under env:/)
  fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const told = await stage.run(['run', '--fresh', '-p', 'claude'], { env: { MCP_KEY: 'm', MCP_TIMEOUT: '1' } })
  expect(told.stderr.match(/\.mcp\.json asks for \$\{MCP_KEY\}\. .*MCP_KEY:/g)).toHaveLength(1)
  expect(told.stderr).not.toMatch(/MCP_NONE/)
})

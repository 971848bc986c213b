// A CLI that does not exist, or disappears.
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { hurried } from '../../support/scenes/hurried.js'
import type { RecordOf } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const two = 'tasks:\n  - { id: a, expects: no_change }\n  - { id: b, expects: no_change }\n'
const success = '{"type":"result","subtype":"success","is_error":false,"result":"ok"}'

function ofType<Type extends RunRecord['type']>(records: readonly RunRecord[], type: Type): readonly RecordOf<Type>[] {
  return records.filter((record): record is RecordOf<Type> => record.type === type)
}

/** A claude that answers `--version` and does `script` for a task; it may count its starts in $HOME/starts. */
const cli = (script: string, version = 'exit 0') => `#!/bin/sh
[ "$1" = --version ] && { echo '2.1.332 (Claude Code)'; pwd >> "$HOME/asked"; ${version}; }
cat > /dev/null; echo x >> "$HOME/starts"; n=$(wc -l < "$HOME/starts")
${script}
echo '${success}'
`

test.each([126, 127])(
  'a CLI that ends with %i while it updates itself is waited for, and costs no attempt',
  async (status) => {
    const stage = scene({ roadmap: two })
    stage.program('claude', cli(`[ "$n" -le 3 ] && { echo busy >&2; exit ${status}; }`))
    const { code, records } = await stage.run(['run', '-a', '1', '-i', '1', '--output', 'json'], {
      env: hurried(stage),
    })
    expect(code).toBe(0)
    const coolDowns = ofType(records(), 'provider_cooled_down').map(({ until, at }) => Math.round((until - at) / 1000))
    expect(coolDowns).toEqual([1, 2, 4])
    expect(ofType(records(), 'attempt_failed').map(({ counted, failure }) => [counted, failure.kind])).toEqual(
      [1, 2, 3].map(() => [false, 'spawn']),
    )
    expect(ofType(records(), 'provider_cooled_down')[0]?.failure.message).toContain('busy')
  },
)

test('a CLI that stays missing is out after two minutes of pauses and one more question for its version', async () => {
  const stage = scene({ roadmap: two })
  stage.program('claude', cli('exit 127'))
  const { code, records } = await stage.run(['run', '-a', '2', '--output', 'json'], {
    env: { ...hurried(stage), CI: '1' },
  })
  expect(code).toBe(1)
  const coolDowns = ofType(records(), 'provider_cooled_down').map(({ until, at }) => Math.round((until - at) / 1000))
  expect(coolDowns).toEqual([1, 2, 4, 8, 16, 32, 57])
  expect(ofType(records(), 'provider_stopped')).toMatchObject([{ failure: { kind: 'spawn' } }])
  expect(ofType(records(), 'attempt_failed').every(({ counted }) => counted === false)).toBe(true)
  // At the start, where agents work, and before it was stopped.
  expect(readFileSync(join(stage.repo.home, 'asked'), 'utf8').trim().split('\n')).toHaveLength(3)
})

test('a CLI is also asked for its version where agents work, because version managers read files there; never in a dry run', async () => {
  const stage = scene({ roadmap: two })
  stage.program('claude', cli(''))
  expect((await stage.run(['run', '--dry-run'])).code).toBe(0)
  expect(readFileSync(join(stage.repo.home, 'asked'), 'utf8')).toBe(`${stage.repo.dir}\n`)
  expect((await stage.run(['run', '-a', '2'])).code).toBe(0)
  const [, start, workspace, ...more] = readFileSync(join(stage.repo.home, 'asked'), 'utf8').trim().split('\n')
  expect([start === stage.repo.dir, workspace === stage.repo.dir, more]).toEqual([true, false, []])
})

test('a command that ends with 127 has failed by itself', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: exit 127 }\n' })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  expect(ofType(records(), 'task_failed')).toMatchObject([{ failure: { kind: 'crash' } }])
  expect(ofType(records(), 'provider_cooled_down')).toEqual([])
})

test('a run waits for a CLI that is just being written, without losing an attempt', async () => {
  const stage = scene({ roadmap: two })
  stage.program('claude', cli('while [ "$n" = 1 ] && ! [ -e "$HOME/go" ]; do sleep 0.02; done'))
  const running = stage.start(['run', '-a', '1', '-i', '1', '--output', 'json'])
  await running.saw('agent_spawned')
  // The kernel starts no file that somebody has open for writing (ETXTBSY).
  const busy = openSync(join(stage.env.PATH!, 'claude'), 'r+')
  writeFileSync(join(stage.repo.home, 'go'), '')
  await running.saw('provider_cooled_down')
  closeSync(busy)
  const { code, records } = await running.ended
  expect(code).toBe(0)
  const failed = ofType(records(), 'attempt_failed')
  expect(failed.length).toBeGreaterThan(0)
  expect(failed.every(({ counted, failure }) => counted === false && failure.kind === 'spawn')).toBe(true)
  expect(ofType(records(), 'provider_stopped')).toEqual([])
})

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { homeIdentity } from '../../../../src/workspace/workspace.js'
import { failure, type FailureKind } from '../../../../src/domain/agent/failure.js'
import { troubleOf } from '../../../../src/orchestration/place/place-trouble.js'
import { RoomWatch, type RoomWatchParts } from '../../../../src/orchestration/place/room-watch.js'
import { blamePlace } from '../../../../src/orchestration/attempt/harvest.js'
import { canMount, startBehind } from '../../../support/scenes/mounted.js'
import { scene } from '../../../support/scenes/rigged-scene.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'

function stage({ waits = true } = {}) {
  const clock = virtualClock()
  const said: string[] = []
  const disk = { full: false, cleared: 0 }
  const abort = new AbortController()
  const parts = {
    ...{ clock, waits, signal: abort.signal },
    recorder: { record: ({ type }: RunEvent) => void said.push(type) },
    pool: { pause: (isPaused: boolean, why: string) => void said.push(`${why} ${isPaused ? 'paused' : 'goes on'}`) },
    stopEarly: ({ reason }: { reason: string }) => void said.push(`stops: ${reason}`),
    isFull: () => Promise.resolve(disk.full),
  }
  const room = new RoomWatch(parts as unknown as RoomWatchParts)
  room.open({ directory: '/cache', makeRoom: async () => Promise.resolve(disk.cleared++).then(() => undefined) })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const look = async () => {
    await settled()
    clock.advance(1_000)
    await settled()
  }
  return { room, disk, said, look, abort, clock }
}

test('while the disk is full nothing starts and spare places are given back; the run continues when there is room', async () => {
  const { room, disk, said, look } = stage()
  expect(await room.look()).toBe(false)
  disk.full = true
  const [first, second] = [room.look(), room.look()]
  await look()
  await look()
  expect(said).toEqual(['room paused', 'disk_filled'])
  disk.full = false
  await look()
  expect(await Promise.all([first, second])).toEqual([true, true])
  expect(said.slice(2)).toEqual(['disk_freed', 'room goes on'])
  expect(disk.cleared).toBeGreaterThan(1)
})

test('an unattended run stops at a full disk, to be run again', async () => {
  const { room, disk, said } = stage({ waits: false })
  disk.full = true
  expect(await room.look()).toBe(false)
  expect(said).toEqual(['stops: disk'])
})

test('a run that is canceled does not wait for a disk', async () => {
  const { room, disk, look, abort, clock } = stage()
  disk.full = true
  const waiting = room.look()
  await look()
  abort.abort()
  expect(await waiting).toBe(false)
  expect(clock.timers).toBe(0)
  expect(await room.look()).toBe(false)
})

test('a place is blamed for what an agent cannot tell from its own fault, and for nothing else', async () => {
  const gone = await troubleOf({ root: join(tempDir(), 'gone', '1'), home: 'another' })
  const home = tempDir()
  expect(await troubleOf({ root: join(home, '1'), home: homeIdentity(home) })).toBeUndefined()
  expect(gone).toMatchObject({ type: 'gone', failure: { kind: 'infrastructure', spared: true } })
  const full = { type: 'full', failure: gone!.failure } as const
  const isBlamed = (kind: FailureKind, trouble: typeof full | typeof gone, more = {}) =>
    'spared' in blamePlace(failure(kind, 'why', more), trouble)
  const kinds = [
    'crash',
    'timeout',
    'idle_timeout',
    'no_change',
    'collect',
    'infrastructure',
    'gate_failed',
    'auth',
  ] as const
  expect(kinds.filter((kind) => isBlamed(kind, full))).toEqual(kinds.slice(0, 4))
  expect(kinds.filter((kind) => isBlamed(kind, gone))).toEqual(kinds.slice(0, 6))
  expect(kinds.filter((kind) => isBlamed(kind, undefined))).toEqual([])
  expect(isBlamed('infrastructure', gone, { uncollected: true })).toBe(false)
})

const roadmapOf = (a: string) => `tasks:\n  - { id: a, run: ${JSON.stringify(a)} }\n  - { id: b, run: echo > b }\n`
const once = (action: string) => `test -e "$HERE/../did" || { touch "$HERE/../did"; ${action}; exit 1; }; echo > a`

test('clearing the cache directory during a run uses up no attempt, neither of the agent in it nor of what was ready there', async () => {
  const stage = scene({
    roadmap: roadmapOf(once('mv "$(dirname "$PWD")" "$HERE/../cleared"')),
    files: { 'autopilot.yaml': 'env: { HERE: null }\n' },
  })
  stage.env.HERE = stage.repo.dir
  const { code, records } = await stage.run(['run', '-a', '1', '-i', '1', '--output', 'json'])
  const failed = records().flatMap((one) => (one.type === 'attempt_failed' ? [one] : []))
  expect(failed).toMatchObject([{ taskId: 'a', counted: false, failure: { kind: 'infrastructure', spared: true } }])
  expect(failed[0]?.failure.message).toMatch(/was removed during the run\. \(crash: /)
  expect(code).toBe(0)
  expect([...stage.subjects()].sort()).toEqual(['a', 'b'])
})

test.runIf(canMount)(
  'a full disk uses up no attempt of an agent, and nothing starts before there is room',
  async () => {
    const fill = 'cat /dev/zero > "$HERE/../workspaces/fill" 2>/dev/null'
    const stage = scene({
      roadmap: roadmapOf(once(fill)),
      files: { 'autopilot.yaml': 'env: { HERE: null }\nworkspaces: { dir: ../workspaces }\n' },
    })
    stage.env.HERE = stage.repo.dir
    const dir = stage.repo.beside('workspaces')
    mkdirSync(dir)
    const running = startBehind(stage, ['run', '-a', '1', '-i', '1', '--output', 'json'], {
      mounts: `mount -t tmpfs -o size=3m none '${dir}'; (while test ! -e '${stage.repo.beside('did')}'; do sleep 0.1; done; sleep 2; rm '${dir}/fill') >/dev/null 2>&1 &`,
    })
    const { code, records } = await running.ended
    const failed = records().flatMap((one) => (one.type === 'attempt_failed' ? [one] : []))
    // The other may have begun in the moment in which the first one ended.
    expect(failed.map(({ taskId }) => taskId)).toEqual(failed.length > 1 ? ['a', 'b'] : ['a'])
    expect(failed.every(({ counted, failure: { spared } }) => counted === false && spared)).toBe(true)
    const told = records().flatMap(({ type }) => (type.startsWith('disk_') ? [type] : []))
    expect(told).toEqual(['disk_filled', 'disk_freed'])
    expect(code).toBe(0)
    expect([...stage.subjects()].sort()).toEqual(['a', 'b'])
  },
)

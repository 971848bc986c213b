import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openJournal } from '../../src/journal/journal.js'
import { takeLock } from '../../src/platform/locks/lock.js'
import { bootId, startOf } from '../../src/platform/processes/table/process-identity.js'
import { gatedScene, judgements } from '../support/scenes/gated-scene.js'
import { canMount, startBehind } from '../support/scenes/mounted.js'
import { isAlive } from '../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../support/scenes/rigged-scene.js'
import { stamp } from '../support/rigs/records.js'
import { tempDir } from '../support/rigs/temp-dir.js'

describe.runIf(canMount)('a disk', () => {
  test('that cannot be written to is reported before any agent starts', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
    const { dir } = stage.repo
    const mounts = `mount --bind '${dir}' '${dir}'; mount -o remount,ro,bind '${dir}'`
    const { code, stderr } = await startBehind(stage, ['run', '-C', dir], { mounts }).ended
    expect(code).toBe(4)
    expect(stderr).toMatch(/read-only file system/)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(agents.started).toEqual([])
  })

  test('that is too full for a workspace fails no attempt: the run reports it and blames no task', async () => {
    const workspaces = 'workspaces'
    const stage = gatedScene({
      roadmap: 'tasks:\n  - { id: a, run: echo > a }\n',
      files: { big: 'x'.repeat(2_000_000) },
      config: { workspaces: { dir: `../${workspaces}` } },
    })
    mkdirSync(stage.repo.beside(workspaces))
    const mounts = `mount -t tmpfs -o size=1200k none '${stage.repo.beside(workspaces)}'`
    const { code, records } = await startBehind(stage, ['run', '--output', 'json'], { mounts }).ended
    expect(code).toBe(1)
    expect(JSON.stringify(records())).toContain(
      'no workspace can be prepared: git read-tree: error: unable to write file big',
    )
    expect(records().filter(({ type }) => type === 'attempt_started' || type === 'attempt_failed')).toEqual([])
    expect(stage.subjects()).toEqual([])
  })

  test('that fills up under the journal ends the agents and the run, with exit code 4', async () => {
    const agents = await rig()
    const later = Array.from({ length: 20 }, (_, index) => `later-${index}`)
    const stage = scene({ roadmap: riggedRoadmap(agents, ['loud', 'quiet', ...later]) })
    const state = join(stage.repo.dir, '.autopilot')
    mkdirSync(state)
    const [mounts, saved] = [`mount -t tmpfs -o size=1m none '${state}'`, stage.repo.beside('saved')]
    const running = startBehind(stage, ['run', '-a', '2'], {
      mounts,
      after: `cat '${state}'/runs/*/journal.jsonl > '${saved}'`,
    })
    const [loud, quiet] = [await agents.next('loud'), await agents.next('quiet')]
    // What an agent says goes to a file beside the journal.
    await loud.flood('x'.repeat(1000), 2000)
    await loud.write('loud.txt', 'loud')
    await loud.exit(0)
    // The journal's last page may have room for a few more records.
    const endOthers = async () => {
      for (const id of later) await (await agents.next(id)).exit(0)
    }
    void endOthers().catch(() => undefined)
    const { code, stdout, stderr } = await running.ended
    expect(code).toBe(4)
    expect(stdout + stderr).toContain('no space left on device')
    expect(stdout + stderr).not.toMatch(/^ +at /m)
    expect(isAlive(quiet.pid)).toBe(false)
    expect(agents.started).not.toContain(later.at(-1))
    // Work in progress may still have landed; then the roadmap says so.
    expect(stage.repo.read('roadmap.yaml').match(/status: done/g)?.length ?? 0).toBe(stage.subjects().length)
    const kept = readFileSync(saved, 'utf8').split('\n')
    expect(kept.slice(0, -1).filter((line) => !isJson(line))).toEqual([])
  })

  test('that has no room for the checkout of a gate costs no work, and the work does not count as failed', async () => {
    const workspaces = 'workspaces'
    const stage = gatedScene({
      roadmap: 'tasks:\n  - { id: a, run: echo > a }\n',
      files: { big: 'x'.repeat(2_000_000) },
      gates: ['true'],
      config: { workspaces: { dir: `../${workspaces}` } },
    })
    mkdirSync(stage.repo.beside(workspaces))
    const mounts = `mount -t tmpfs -o size=3m none '${stage.repo.beside(workspaces)}'`
    const args = ['run', '-a', '1', '-i', '1', '--output', 'json']
    const { code, records } = await startBehind(stage, args, { mounts }).ended
    expect(code).toBe(1)
    expect(judgements(records()).map(({ verdict }) => verdict)).toEqual(['errored'])
    const failed = records().find((record) => record.type === 'task_failed')
    expect(failed?.failure).toMatchObject({ kind: 'infrastructure' })
    expect(failed?.failure.message).toContain(
      'The gate true could not be run: git read-tree: error: unable to write file big',
    )
    const kept = records().find((record) => record.type === 'commit_kept')
    expect(stage.repo.git('diff', '--name-only', 'main', kept!.ref)).toBe('a')
  })
})

test('a dead process’s lock is left to whoever is taking it, where a plain lock file lets both in', async () => {
  const dead = JSON.stringify({ pid: 999_999_999, host: hostname(), since: 1, boot: await bootId(), start: '1' })
  const path = join(tempDir(), 'lock')
  writeFileSync(path, dead)
  const pid = process.ppid
  const other = { pid, host: hostname(), since: 1, boot: await bootId(), start: startOf(pid) }
  writeFileSync(`${path}.guard`, JSON.stringify(other))
  expect((await takeLock(path)).ok).toBe(false)
  rmSync(`${path}.guard`)
  expect((await takeLock(path)).ok).toBe(true)

  // The control: whoever sees that the holder is dead removes the file and makes its own, which only one should do.
  const plain = join(tempDir(), 'lock')
  writeFileSync(plain, dead)
  const seesDeath = () => readFileSync(plain, 'utf8') === dead
  const takes = (name: string) => {
    rmSync(plain)
    writeFileSync(plain, name, { flag: 'wx' })
  }
  expect([seesDeath(), seesDeath()]).toEqual([true, true])
  for (const name of ['first', 'second']) takes(name)
  // Neither is refused, and the first does not know that its lock is gone.
  expect(readFileSync(plain, 'utf8')).toBe('second')
})

test('a record after a torn line can be read back, where plain appending would spoil both', async () => {
  const record = (seq: number) => stamp({ type: 'notice', level: 'info', text: 'x' }, 0, seq)
  const torn = `${JSON.stringify(record(1))}\n${JSON.stringify(record(2)).slice(0, 20)}`
  const readable = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n').filter(isJson).length
  const path = join(tempDir(), 'journal.jsonl')
  writeFileSync(path, torn)
  const journal = await openJournal(path)
  if (!journal.ok) throw new Error(journal.error)
  await journal.value.append(record(2))
  await journal.value.close()
  expect(readable(path)).toBe(2)

  const plain = join(tempDir(), 'journal.jsonl')
  writeFileSync(plain, torn)
  appendFileSync(plain, `${JSON.stringify(record(2))}\n`)
  expect(readable(plain)).toBe(1)
})

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

// Reports of whole runs: with `report`, and by the flags of a run, however it ends.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Report } from '../../../src/report/form.js'
import { killOnce } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const roadmap = `
tasks:
  - { id: one, title: The first, run: 'echo one > one.txt' }
  - { id: two, title: The second, run: 'echo two > two.txt; exit 3', depends_on: [one] }
  - { id: three, title: The third, run: 'echo three > three.txt', depends_on: [two] }
`

function reportIn(text: string): Report {
  return JSON.parse(text) as Report
}

describe('autopilot report', () => {
  test('writes the last run in each format, to stdout and into a file', async () => {
    const stage = scene({ roadmap })
    expect((await stage.run(['run', '-i', '1'])).code).toBe(1)
    const asJson = await stage.run(['report', '--as', 'json'])
    expect(asJson.code).toBe(0)
    const report = reportIn(asJson.stdout)
    expect(report).toMatchObject({
      report: 1,
      standing: 'finished',
      exitCode: 1,
      counts: { done: 1, failed: 1, held: 1 },
    })
    expect(report.tasks).toMatchObject([
      { id: 'one', state: 'done', how: 'integrated', diff: { files: 1, added: 1, removed: 0 } },
      { id: 'two', state: 'failed', kind: 'crash', waitsFor: ['one'] },
      { id: 'three', state: 'held', held: 'run', waitsFor: ['two'] },
    ])
    expect((await stage.run(['report'])).stdout).toMatch(/^## autopilot: 1 of 3 tasks done \(2 not done\)\n/)
    expect((await stage.run(['report', '--as', 'junit'])).stdout).toContain('<testcase name="two: The second"')
    const files = {
      'out/report.html': '<!doctype html>',
      'report.md': '## autopilot',
      'report.xml': '<?xml',
      'report.json': '{',
    }
    for (const [file, start] of Object.entries(files)) {
      const { code, stdout, stderr } = await stage.run(['report', report.run, '--file', file])
      expect([code, stdout, stderr]).toEqual([0, '', ''])
      expect(readFileSync(join(stage.repo.dir, file), 'utf8').slice(0, start.length)).toBe(start)
    }
  })

  test('counts files from where it was typed, not from the repository', async () => {
    const stage = scene({ roadmap })
    await stage.run(['run', '-i', '1'])
    const elsewhere = stage.repo.beside('elsewhere')
    mkdirSync(elsewhere)
    await stage.run(['report', '-C', stage.repo.dir, '--file', 'report.md'], { cwd: elsewhere })
    expect(readdirSync(elsewhere)).toEqual(['report.md'])
  })

  test('tells of a run that is at work how far it is', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['slow', 'next']) })
    const running = stage.start(['run', '-a', '1'])
    const slow = await agents.next('slow')
    const report = reportIn((await stage.run(['report', '--as', 'json'])).stdout)
    expect(report).toMatchObject({ standing: 'running', queue: { busy: 1 }, counts: { running: 1 } })
    expect(report.spans).toMatchObject([{ kind: 'attempt', taskId: 'slow', slot: 'slot-1' }])
    expect(report.spans[0]).not.toHaveProperty('to')
    await slow.exit(0)
    running.kill('SIGINT')
    await running.ended
  })

  test('tells of a run that was killed what it had done, and what was at work', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['slow', 'next']) })
    const running = stage.start(['run', '-a', '1'])
    await agents.next('slow')
    await killOnce(stage, running, /attempt_started/)
    const report = reportIn((await stage.run(['report', '--as', 'json'])).stdout)
    expect(report).toMatchObject({ standing: 'broken_off', counts: { running: 1 } })
    const { stdout } = await stage.run(['report', '--as', 'junit'])
    expect(stdout).toContain('<skipped message="not done: running"/>')
  })

  test('says what is wrong: no such run, no run at all, a file that cannot be written', async () => {
    const stage = scene({ roadmap })
    const none = await stage.run(['report'])
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('No run yet') as string })
    await stage.run(['run', '-i', '1'])
    const unknown = await stage.run(['report', '20200101-000000-abcd'])
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no run') as string })
    const unwritable = await stage.run(['report', '--file', 'roadmap.yaml/report.html'])
    expect(unwritable).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot write') as string })
    expect((await stage.run(['report', '--as', 'pdf'])).stderr).toContain('html, md, json, junit')
  })

  test('never shows a secret that is known by now, although the run did not know it', async () => {
    const stage = scene({ roadmap: "tasks: [{ id: tell, title: say hunter2-hunter2, run: 'echo > a' }]" })
    await stage.run(['run'])
    const { stdout } = await stage.run(['report', '--as', 'html'], { env: { MY_TOKEN: 'hunter2-hunter2' } })
    expect(stdout).toContain('say ***')
    expect(stdout).not.toContain('hunter2')
  })
})

describe('the reports of a run', () => {
  const flags = ['--report', 'out/report.html', '--junit', 'out/junit.xml', '--summary-file', 'out/summary.md']
  const written = (dir: string) => (existsSync(join(dir, 'out')) ? readdirSync(join(dir, 'out')).sort() : [])
  const all = ['junit.xml', 'report.html', 'summary.md']

  test('are written when it ends, also if it failed; nothing else is left beside them', async () => {
    const stage = scene({ roadmap })
    expect((await stage.run(['run', '-i', '1', ...flags])).code).toBe(1)
    expect(written(stage.repo.dir)).toEqual(all)
    const read = (name: string) => readFileSync(join(stage.repo.dir, 'out', name), 'utf8')
    expect(read('summary.md')).toContain('### Failed (1)')
    expect(read('junit.xml')).toContain('failures="1"')
    expect(read('report.html')).toContain('"standing":"finished"')
  })

  test('are written when it is interrupted, and the run still ends as it would', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['slow']) })
    const running = stage.start(['run', ...flags])
    await agents.next('slow')
    running.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    expect(written(stage.repo.dir)).toEqual(all)
    expect(readFileSync(join(stage.repo.dir, 'out', 'summary.md'), 'utf8')).toContain('(interrupted)')
  })

  test('are written when it ends early, and again by the resume', async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['slow', 'next']) })
    const running = stage.start(['run', '-a', '1', '--time-limit', '1s', ...flags])
    await agents.next('slow')
    expect((await running.ended).code).toBe(75)
    const summary = () => readFileSync(join(stage.repo.dir, 'out', 'summary.md'), 'utf8')
    expect(summary()).toContain('0 of 2 tasks done')
    const resumed = stage.start(['resume', '-a', '1', ...flags])
    for (const id of ['slow', 'next']) {
      const agent = await agents.next(id)
      await agent.write(`${id}.txt`, id)
      await agent.exit(0)
    }
    expect((await resumed.ended).code).toBe(0)
    expect(summary()).toContain('2 of 2 tasks done')
  })

  test('that cannot be written are told at the start, and lose no run', async () => {
    const stage = scene({ roadmap: "tasks: [{ id: one, run: 'echo > a' }]" })
    writeFileSync(join(stage.repo.dir, 'plain'), '')
    const { code, records } = await stage.run([
      'run',
      '--output',
      'json',
      '--report',
      'plain/report.html',
      '--junit',
      'ok.xml',
    ])
    expect(code).toBe(0)
    const lines = records()
    const warned = lines.findIndex(
      (record) => record.type === 'notice' && record.text.includes('plain/report.html cannot be written'),
    )
    expect(warned).toBeGreaterThan(0)
    expect(warned).toBeLessThan(lines.findIndex(({ type }) => type === 'attempt_started'))
    expect(existsSync(join(stage.repo.dir, 'ok.xml'))).toBe(true)
  })

  test('that become impossible to write during the run are told at its end', async () => {
    const stage = scene({ roadmap: "tasks: [{ id: one, run: 'echo > a' }]", files: { 'README.md': 'x' } })
    mkdirSync(join(stage.repo.dir, 'out', 'summary.md'), { recursive: true })
    const { code, stderr } = await stage.run(['run', '--summary-file', 'out/summary.md'])
    expect(code).toBe(0)
    expect(stderr).toContain('cannot write out/summary.md: EISDIR')
  })

  test('go through a link, and keep the mode of the file that was there', async () => {
    const stage = scene({ roadmap: "tasks: [{ id: one, run: 'echo > a' }]" })
    const target = stage.repo.beside('summary')
    writeFileSync(target, 'old')
    chmodSync(target, 0o640)
    symlinkSync(target, join(stage.repo.dir, 'link.md'))
    await stage.run(['run', '--summary-file', 'link.md'])
    expect(readFileSync(target, 'utf8')).toContain('1 of 1 task done')
    expect(statSync(target).mode & 0o777).toBe(0o640)
    expect(lstatSync(join(stage.repo.dir, 'link.md')).isSymbolicLink()).toBe(true)
  })
})

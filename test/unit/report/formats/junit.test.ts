import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { RunEvent, RunRecord } from '../../../../src/domain/run/event.js'
import { junitXml } from '../../../../src/report/formats/junit.js'
import { commitId, taskId, treeId } from '../../../support/brands.js'
import { runScripts, runStart, stampAll } from '../../../support/games/run-script.js'
import { hostileRun } from '../../../support/rigs/hostile-run.js'
import { hostileTexts } from '../../../support/rigs/hostile.js'
import { projectRoot } from '../../../support/rigs/program.js'
import { reportOf } from '../../../support/rigs/reports.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

const schema = join(projectRoot, 'test', 'fixtures', 'junit.xsd')
const hasXmllint = spawnSync('xmllint', ['--version']).error === undefined

/** What xmllint says against the XML; nothing if it is valid. */
function faultsOf(...reports: readonly string[]): string {
  const dir = tempDir()
  const files = reports.map((xml, index) => {
    const file = join(dir, `${index}.xml`)
    writeFileSync(file, xml)
    return file
  })
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', schema, ...files], {
    encoding: 'utf8',
  })
  return status === 0 ? '' : stderr
}

const of = { taskId: taskId('A'), attempt: 1 }
const started: RunEvent = { type: 'attempt_started', ...of, slot: 'S1', agent: { provider: 'claude' }, workspace: '/w' }

function records(...events: readonly RunEvent[]): readonly RunRecord[] {
  return stampAll([runStart, ...events].map((event) => ({ event, after: 1500 })))
}

describe('JUnit XML', () => {
  it('has a case a task: passed, failed with its lines, skipped with its reason, gates as output', () => {
    const why = failure('gate_failed', 'The gate npm test failed: exit code 1.', {
      detail: 'not ok 1\n',
      log: '/logs/1',
    })
    const xml = junitXml(
      reportOf(
        records(
          started,
          {
            ...{ type: 'gate_judged', ...of, gate: 'npm test', tree: treeId('t'), verdict: 'failed' },
            ...{ durationMs: 1200, remembered: false },
          },
          { type: 'task_failed', taskId: of.taskId, attempts: 1, failure: why },
          {
            type: 'task_held',
            taskId: taskId('B'),
            reason: { type: 'dependency', taskIds: [of.taskId], byPerson: false },
          },
          { type: 'task_done', taskId: taskId('C'), attempt: 1, how: 'unchanged' },
          { type: 'run_finished', exitCode: 1, why: '5 not done' },
        ),
      ),
    )
    expect(xml).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="autopilot r1" tests="6" failures="1" errors="0" time="10.500">
        <testsuite name="roadmap.yaml" tests="6" failures="1" errors="0" time="10.500" skipped="4" timestamp="2023-11-14T22:13:21" id="r1" file="roadmap.yaml">
          <properties>
            <property name="version" value="0.0.0"/>
            <property name="standing" value="finished"/>
            <property name="exit code" value="1"/>
            <property name="why" value="5 not done"/>
          </properties>
          <testcase name="A: Task A" classname="autopilot" time="3.000">
            <failure type="gate_failed" message="The gate npm test failed: exit code 1.">The gate npm test failed: exit code 1.
      not ok 1
      all of it: /logs/1</failure>
            <system-out>agent: claude, attempts: 1
      attempt 1, gate npm test: failed, in 1.2 s</system-out>
          </testcase>
          <testcase name="B: Task B" classname="autopilot" time="0.000">
            <skipped message="held: waits for A"/>
          </testcase>
          <testcase name="C: Task C" classname="autopilot" time="0.000">
          </testcase>
          <testcase name="D: Task D" classname="autopilot" time="0.000">
            <skipped message="not done: pending"/>
          </testcase>
          <testcase name="E: Task E" classname="autopilot" time="0.000">
            <skipped message="not done: pending"/>
          </testcase>
          <testcase name="F: Task F" classname="autopilot" time="0.000">
            <skipped message="not done: pending"/>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `)
  })

  it.skipIf(!hasXmllint)('is valid by the schema that Jenkins, GitLab and GitHub readers use, in any run', () => {
    const scripts = fc.sample(runScripts, { numRuns: 40, seed: 3 })
    expect(faultsOf(...scripts.map((script) => junitXml(reportOf(script.records))))).toBe('')
  })

  it.skipIf(!hasXmllint)('is valid whatever its texts are, and none of them is markup', () => {
    const xml = junitXml(reportOf(hostileRun()))
    expect(faultsOf(xml)).toBe('')
    expect(xml.match(/<failure /g)).toHaveLength(hostileTexts.length)
    expect(xml).not.toMatch(/<(script|img|b)\b/)
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|##\[/)
    expect(xml).not.toMatch(/^\s*::/m)
  })

  it.skipIf(!hasXmllint)('is not valid by that schema if a case has no name: the schema is checked', () => {
    const xml = junitXml(reportOf(records({ type: 'task_done', ...of, how: 'unchanged' })))
    expect(faultsOf(xml.replace(/<testcase name="[^"]*"/, '<testcase'))).toContain('name')
  })

  it('names the commit of a task that is done, and counts what was done before the run as skipped', () => {
    const tasks = [
      { id: taskId('A'), title: 'A', state: 'pending' as const },
      { id: taskId('Z'), title: 'Z', state: 'done' as const },
    ]
    const landed: RunEvent = { type: 'task_integrated', ...of, commit: commitId('c0ffee'), previous: commitId('b') }
    const xml = junitXml(reportOf(stampAll([{ ...runStart, tasks }, landed].map((event) => ({ event, after: 1 })))))
    expect(xml).toContain('commit: c0ffee')
    expect(xml).toContain('<skipped message="done before this run"/>')
    expect(xml).toContain('tests="2" failures="0" errors="0"')
  })
})

// Autopilot's own git fails while work is collected or lands: no agent is paid twice.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const roadmap = 'tasks:\n  - { id: a, run: "echo $$ >> $COUNT; echo work > a" }\n'

/**
 * A git whose `add` is killed so many times, in the middle of an object, and that counts the agents. What another
 * git had left before is there, too.
 */
function stageOf(kills: number): Scene & { agents(): number; torn(): readonly string[] } {
  const stage = scene({ roadmap, files: { 'autopilot.yaml': '{"env": {"COUNT": null}}' } })
  const [counter, agents] = [stage.repo.beside('kills'), stage.repo.beside('agents')]
  const real = execFileSync('/bin/sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  const folder = join(stage.repo.dir, '.git/objects/ab')
  const kill = `mkdir -p ${folder}; echo x > ${folder}/tmp_obj_torn$$; echo >> ${counter}; kill -9 $$`
  const isMine = `case " $* " in *" add -A "*) [ $(cat ${counter} | wc -l) -lt ${kills} ] && { ${kill}; };; esac`
  writeFileSync(counter, '')
  stage.program('git', `#!/bin/sh\n${isMine}\nexec ${real} "$@"\n`)
  stage.env.COUNT = agents
  return {
    ...stage,
    agents: () => readFileSync(agents, 'utf8').trim().split('\n').length,
    torn: () => (existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('tmp_obj')) : []),
  }
}

/** Two tasks that begin from the same commit, so that one is merged, and a git that is killed so many times while merging. */
function mergingStage(kills: number) {
  const stage = scene({
    roadmap: `tasks:\n${['a b', 'b a'].map((pair) => meeting(...(pair.split(' ') as [string, string]))).join('')}`,
    files: { 'autopilot.yaml': '{"env": {"COUNT": null, "MEET": null}}' },
  })
  const [counter, agents] = [stage.repo.beside('kills'), stage.repo.beside('agents')]
  const real = execFileSync('/bin/sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  const isMine = `case " $* " in *" merge-tree "*) [ $(cat ${counter} | wc -l) -lt ${kills} ] && { echo >> ${counter}; kill -9 $$; };; esac`
  writeFileSync(counter, '')
  stage.program('git', `#!/bin/sh\n${isMine}\nexec ${real} "$@"\n`)
  Object.assign(stage.env, { COUNT: agents, MEET: stage.repo.beside('.') })
  return { ...stage, agents: () => readFileSync(agents, 'utf8').trim().split('\n').length }
}

function meeting(id: string, other: string): string {
  const run = `echo one >> $COUNT; touch $MEET/${id}; until [ -e $MEET/${other} ]; do sleep 0.02; done; echo ${id} > ${id}`
  return `  - { id: ${id}, run: "${run}" }\n`
}

test('a git that is killed while it lands is tried again, and no agent is paid again', async () => {
  const stage = mergingStage(2)
  expect((await stage.run(['run'])).code).toBe(0)
  expect([stage.landed('a'), stage.landed('b'), stage.agents()]).toEqual(['a', 'b', 2])
})

test('if it is killed each time, the run ends with 75, the work stays on its ref, and the next run lands it', async () => {
  const stage = mergingStage(3)
  const { code, stdout } = await stage.run(['run'])
  expect(code).toBe(75)
  expect(stdout).toContain('finished work of 1 task waits to be collected or landed')
  expect((await stage.run(['run'])).code).toBe(0)
  expect([stage.landed('a'), stage.landed('b'), stage.agents()]).toEqual(['a', 'b', 2])
})

test('a git of autopilot’s that is killed while it collects is tried again, and no agent is paid again', async () => {
  const stage = stageOf(1)
  const { code, records } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(records().filter(({ type }) => type === 'attempt_failed')).toEqual([])
  expect([stage.landed('a'), stage.agents(), stage.torn()]).toEqual(['work', 1, []])
})

test.each(['resume', 'run'])(
  'if it is killed each time, the workspace stays and is named, and %s collects from it',
  async (next) => {
    const stage = stageOf(2)
    const { code, records, stdout } = await stage.run(['run', '--output', 'json'])
    // Worth running again: nothing is wrong with the work, and it has been paid for.
    expect(code).toBe(75)
    const failed = records().flatMap((one) => (one.type === 'attempt_failed' ? [one] : []))
    expect(failed).toMatchObject([{ failure: { kind: 'infrastructure', uncollected: true }, willRetry: false }])
    const [kept] = records().flatMap((one) => (one.type === 'workspace_kept' ? [one] : []))
    expect(kept?.why).toMatch(/^a: autopilot resume collects it: git could not add .*SIGKILL/)
    expect(readFileSync(join(kept!.path, 'a'), 'utf8')).toBe('work\n')
    expect([stdout.includes('workspace_kept'), stage.torn()]).toEqual([true, []])
    // There is nothing that a person must look at, and nothing is used up.
    expect((await stage.run(['clean'])).stdout).toContain('--lost')
    const resumed = await stage.run([next])
    expect(resumed.code).toBe(0)
    expect([stage.landed('a'), stage.agents(), existsSync(kept!.path)]).toEqual(['work', 1, false])
    expect(resumed.stdout).not.toMatch(/^Workspace/m)
  },
)

// The examples for CI, run as their services run them: with a fresh checkout each night, and a cache in between.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { AgentRig } from '../../support/fakes/fake-agent.js'
import { programFile, projectRoot, startProgram } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import { until } from '../../support/rigs/until.js'
import type { Scene } from '../../support/scenes/scene.js'

const example = (name: string) => readFileSync(join(projectRoot, 'examples/ci', name), 'utf8')

/** A project on a server, with two tasks, one after the other. */
async function project() {
  const agents = await rig()
  const stage = scene({
    roadmap: riggedRoadmap(agents, { a: '', b: 'dependencies: [a]' }),
    files: { 'ci/nightly.sh': example('nightly.sh') },
  })
  stage.program('autopilot', `#!/bin/sh\nexec ${process.execPath} ${programFile} "$@"\n`)
  stage.program('npm', '#!/bin/sh\nexit 0\n')
  stage.program('gh', `#!/bin/sh\necho "$*" >> ${stage.repo.beside('gh')}\n[ "$2" != edit ]\n`)
  for (const tool of ['bash', 'tar']) stage.program(tool, `#!/bin/sh\nexec ${which(tool)} "$@"\n`)
  const server = stage.repo.beside('server.git')
  execFileSync('git', ['clone', '--quiet', '--bare', stage.repo.dir, server])
  return { agents, stage, server }
}

function which(tool: string): string {
  return execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim()
}

function checkout(stage: Scene, server: string, night: string): string {
  const dir = stage.repo.beside(night)
  execFileSync('git', ['clone', '--quiet', server, dir], { env: { ...process.env, HOME: stage.repo.home } })
  return dir
}

type Night = (name: string, timeLimit: string) => Promise<number | null>

/** The first night stops early while its first task works; the second does the rest, and only that. */
async function twoNights(agents: AgentRig, stage: Scene, night: Night): Promise<readonly (number | null)[]> {
  const first = night('night-1', '3s')
  // What fails meanwhile is heard when it is waited for.
  first.catch(() => undefined)
  const a = await agents.next('a')
  await until(() => stopsEarly(stage.repo.beside('night-1')), 'the run stops early')
  await a.write('a.txt', 'a')
  await a.exit(0)
  const codes = [await first]
  const second = night('night-2', '1h')
  second.catch(() => undefined)
  const b = await agents.next('b')
  await b.write('b.txt', 'b')
  await b.exit(0)
  codes.push(await second)
  expect(agents.started).toEqual(['a', 'b'])
  return codes
}

function stopsEarly(dir: string): boolean {
  const runs = join(dir, '.autopilot', 'runs')
  const journals = existsSync(runs) ? readdirSync(runs).map((id) => join(runs, id, 'journal.jsonl')) : []
  return journals.some((path) => existsSync(path) && readFileSync(path, 'utf8').includes('"run_stopping"'))
}

/** Keeps a directory from night to night, as a cache does. */
function cache(stage: Scene) {
  const kept = stage.repo.beside('cache')
  return {
    restore: (dir: string) => existsSync(kept) && cpSync(kept, join(dir, '.autopilot/state'), { recursive: true }),
    save: (dir: string) => {
      const state = join(dir, '.autopilot/state')
      if (existsSync(state)) cpSync(state, kept, { recursive: true })
    },
  }
}

async function shell(stage: Scene, dir: string, script: string, env: Readonly<Record<string, string>>) {
  const file = join(dirname(dir), 'step.sh')
  writeFileSync(file, script)
  const started = startProgram(['-e', file], { cwd: dir, env: { ...stage.env, ...env }, file: '/bin/bash' })
  return started.ended
}

test('nightly.sh ends in time, and the next night goes on in a fresh checkout where it stopped', async () => {
  const { agents, stage, server } = await project()
  const { restore, save } = cache(stage)
  const codes = await twoNights(agents, stage, async (name, timeLimit) => {
    const dir = checkout(stage, server, name)
    restore(dir)
    const { code } = await shell(stage, dir, 'sh ci/nightly.sh roadmap.yaml', { CI: 'true', TIME_LIMIT: timeLimit })
    save(dir)
    return code
  })
  expect(codes).toEqual([75, 0])
  const log = execFileSync('git', ['log', '--format=%s', 'main..autopilot/nightly'], {
    ...{ cwd: stage.repo.beside('night-2'), encoding: 'utf8' },
  })
  expect(log).toBe('b\na\n')
})

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly with?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

interface Workflow {
  readonly env: Readonly<Record<string, string>>
  readonly jobs: { readonly nightly: { readonly steps: readonly Step[] } }
}

test('the workflow for GitHub works on the roadmap night after night, and opens a pull request with a summary', async () => {
  const { agents, stage, server } = await project()
  const { restore, save } = cache(stage)
  const { env, jobs } = parse(example('github-actions.yml')) as Workflow
  const codes = await twoNights(agents, stage, async (name, timeLimit) => {
    const dir = checkout(stage, server, name)
    const files = Object.fromEntries(
      ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'].map((file) => [file, stage.repo.beside(`${name}-${file}`)]),
    )
    const runner = {
      ...env,
      ...files,
      GITHUB_ACTIONS: 'true',
      CI: 'true',
      GITHUB_WORKSPACE: dir,
      TIME_LIMIT: timeLimit,
    }
    let failed = 0
    for (const step of jobs.nightly.steps) {
      if (failed !== 0 && step.if !== 'always()') continue
      if (step.run !== undefined) {
        // Expressions are the service's: secrets, and its token.
        const own = Object.fromEntries(Object.entries(step.env ?? {}).map(([key]) => [key, 'x']))
        failed ||= (await shell(stage, dir, step.run, { ...runner, ...own })).code ?? 1
      } else if (step.uses?.startsWith('actions/cache/restore')) restore(dir)
      else if (step.uses?.startsWith('actions/cache/save')) save(dir)
      else if (step.uses?.startsWith('actions/upload-artifact'))
        expect(existsSync(join(dir, step.with?.path ?? ''))).toBe(true)
    }
    expect(readFileSync(files.GITHUB_STEP_SUMMARY!, 'utf8')).toContain('autopilot/nightly')
    return failed
  })
  expect(codes).toEqual([0, 0])
  const outputs = readFileSync(stage.repo.beside('night-2-GITHUB_OUTPUT'), 'utf8')
  expect(outputs).toMatch(/^done<<(\S+)\n2\n\1$/m)
  const calls = readFileSync(stage.repo.beside('gh'), 'utf8').trim().split('\n')
  expect(calls.filter((call) => call.startsWith('pr create --head autopilot/nightly'))).toHaveLength(2)
  const pushed = execFileSync('git', ['log', '--format=%s', 'main..autopilot/nightly'], {
    ...{ cwd: server, encoding: 'utf8' },
  })
  expect(pushed).toBe('b\na\n')
})

interface GitLabJob {
  readonly script: readonly string[]
  readonly variables: Readonly<Record<string, string | number>>
  readonly allow_failure: { readonly exit_codes: number }
  readonly artifacts: { readonly paths: readonly string[]; readonly reports: Readonly<Record<string, string>> }
  readonly cache: { readonly paths: readonly string[] }
}

test('the job for GitLab ends with 75 where it stopped early, and leaves a report, JUnit and variables', async () => {
  const { agents, stage, server } = await project()
  const { restore, save } = cache(stage)
  const { autopilot: job } = parse(example('gitlab-ci.yml')) as { autopilot: GitLabJob }
  expect(job.cache.paths).toEqual(['.autopilot/state'])
  const variables = Object.fromEntries(Object.entries(job.variables).map(([name, value]) => [name, String(value)]))
  const codes = await twoNights(agents, stage, async (name, timeLimit) => {
    const dir = checkout(stage, server, name)
    restore(dir)
    const env = { ...variables, GITLAB_CI: 'true', CI: 'true', TIME_LIMIT: timeLimit }
    const { code } = await shell(stage, dir, job.script.join('\n'), env)
    save(dir)
    for (const path of [...job.artifacts.paths, ...Object.values(job.artifacts.reports)])
      expect(existsSync(join(dir, path)), path).toBe(true)
    return code
  })
  expect(codes).toEqual([job.allow_failure.exit_codes, 0])
  expect(readFileSync(join(stage.repo.beside('night-2'), 'autopilot.env'), 'utf8')).toContain('AUTOPILOT_DONE=2\n')
})

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commitId, taskId } from '../brands.js'
import type { CommitId, RefName } from '../../../src/domain/brand.js'
import { failure } from '../../../src/domain/agent/failure.js'
import { err, ok } from '../../../src/domain/result.js'
import { openBerths } from '../../../src/workspace/lease/berths.js'
import { collect, type CollectRequest } from '../../../src/workspace/collect/collect.js'
import type { Repository } from '../../../src/workspace/contract.js'
import { openRepository } from '../../../src/workspace/repository/repository.js'
import type { Workspace } from '../../../src/workspace/workspace.js'
import { Workspaces } from '../../../src/workspace/lease/workspaces.js'
import { berthOptions } from './berth-options.js'
import { createGitRepo, type GitRepo, type GitRepoOptions } from '../scenes/git-repo.js'
import type { Keep, Setup } from '../../../src/domain/setup.js'
import { answerKept } from '../../../src/workspace/kept/fingerprint.js'

export interface RigOptions extends GitRepoOptions {
  /** Uses this repository instead of making one. */
  readonly repo?: GitRepo
  readonly setup?: string | Omit<Setup, 'timeoutMs'>
  readonly copy?: readonly string[]
  readonly keep?: Keep
  readonly link?: readonly string[]
  /** What the directory of the workspaces is called. */
  readonly dirName?: string
}

/** A real repository with workspaces, and short words for what a fake agent does in one of them. */
export interface Rig {
  readonly repo: GitRepo
  readonly repository: Repository
  readonly workspaces: Workspaces
  /** What setup made or changed that cannot stay, each time that this was reported. */
  readonly notKept: () => readonly (readonly string[])[]
  /** Where the workspaces lie. */
  readonly dir: string
  /** The first workspace that is there. */
  readonly first: () => CommitId
  /** The user's commit. */
  readonly base: CommitId
  /** A workspace leased to the n-th attempt of a task. */
  readonly leased: (attempt?: number) => Promise<Agent>
  readonly collect: (agent: Agent, request?: Partial<CollectRequest>) => ReturnType<typeof collect>
  /** Collects and expects a candidate. */
  readonly candidate: (agent: Agent, request?: Partial<CollectRequest>) => Promise<Candidate>
  /** Collects and expects a failure. */
  readonly refused: (agent: Agent) => Promise<{ kind: string; paths: readonly string[] }>
}

type Candidate = Extract<Extract<Awaited<ReturnType<typeof collect>>, { ok: true }>['value'], { type: 'candidate' }>

/** What an agent CLI would do in the attempt: plain files and plain git. */
export interface Agent {
  readonly workspace: Workspace
  readonly root: string
  readonly ref: RefName
  readonly write: (path: string, content: string | Uint8Array, mode?: number) => void
  readonly read: (path: string) => string
  readonly has: (path: string) => boolean
  readonly git: (...args: string[]) => string
}

function setupOf(given: RigOptions['setup']): Setup | undefined {
  if (given === undefined) return undefined
  return { timeoutMs: 60_000, ...(typeof given === 'string' ? { run: given } : given) }
}

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const repo = options.repo ?? createGitRepo(options)
  const opened = await openRepository({ dir: repo.dir, env: repo.env })
  if (!opened.ok) throw new Error(opened.error.message)
  const repository = opened.value
  const home = repo.beside(options.dirName ?? 'workspaces')
  const berths = openBerths(berthOptions(repository, home))
  const setup = setupOf(options.setup)
  const notKept: (readonly string[])[] = []
  const workspaces = new Workspaces({
    repository,
    berths,
    name: 'run1',
    copy: options.copy ?? [],
    keep: options.keep ?? 'auto',
    keeper: (question) => Promise.resolve(answerKept(question)),
    link: options.link ?? [],
    ...(setup === undefined ? {} : { setup }),
    onNotKept: (paths) => notKept.push(paths),
    runSetup: ({ run }, cwd) => Promise.resolve(shell(run, cwd, withOwnPrograms(repo))),
  })
  const base = repository.head.commit
  const rig: Rig = {
    repo,
    repository,
    workspaces,
    notKept: () => notKept,
    dir: join(home, '1'),
    first: () =>
      commitId(
        join(
          home,
          '1',
          readdirSync(join(home, '1')).find((name) => name.endsWith('-1'))!,
        ),
      ),
    base,
    leased: async (attempt = 1) => {
      const workspace = value(await workspaces.prepare(base))
      value(await workspaces.lease(workspace, { taskId: taskId('T1'), attempt }))
      return agentIn(repo, workspace, attempt)
    },
    collect: (agent, request) =>
      collect(repository, agent.workspace, { base, leaveOut: [], message: 'T1: work', ref: agent.ref, ...request }),
    candidate: async (agent, request) => {
      const collected = value(await rig.collect(agent, request))
      if (collected.type !== 'candidate') throw new Error('nothing changed')
      return collected
    },
    refused: async (agent) => {
      const collected = await rig.collect(agent)
      if (collected.ok) throw new Error('was collected')
      return { kind: collected.error.kind, paths: collected.error.paths ?? [] }
    },
  }
  return rig
}

/** The value of a step that must not fail here. */
export function value<Value>(result: { ok: true; value: Value } | { ok: false; error: { message: string } }): Value {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

function agentIn(repo: GitRepo, workspace: Workspace, attempt: number): Agent {
  const { root } = workspace
  return {
    workspace,
    root,
    ref: `refs/autopilot/run1/t1/${attempt}`,
    write: (path, content, mode) => {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
      if (mode !== undefined) chmodSync(join(root, path), mode)
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
    has: (path) => lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined,
    git: (...args) => repo.gitIn(root, ...args),
  }
}

/** A test's own programs are in `bin` of the user's home. */
function withOwnPrograms({ env, home }: GitRepo): Readonly<Record<string, string>> {
  return { ...env, PATH: `${join(home, 'bin')}:${env.PATH}` }
}

function shell(command: string, cwd: string, env: Readonly<Record<string, string>>) {
  if (!existsSync(cwd)) return err(failure('infrastructure', 'no such directory'))
  execFileSync('sh', ['-c', command], { cwd, env })
  return ok(undefined)
}

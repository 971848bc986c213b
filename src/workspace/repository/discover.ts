import { stat } from 'node:fs/promises'
import type { CommitId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import { cleanLine } from '../../domain/text.js'
import { ok, type Result } from '../../domain/result.js'
import { barPrograms, barProgramsAround } from '../../platform/programs/own-programs.js'
import { gitAsUser } from '../../platform/git/git.js'
import { discoveryProblem, type GitFailure } from '../../platform/git/git-failure.js'
import type { RepositoryRefusal, Repository } from '../contract.js'
import { checkConfigFiles } from '../git/never-ending.js'
import { foreignRefs, refuseRefStorage } from './ref-storage.js'
import { refuse, refuseGit } from '../git/refusal.js'

/** Where a repository is and what its HEAD is. */
export type Discovered = Pick<Repository, 'root' | 'gitDir' | 'commonDir' | 'objectsDir' | 'objectFormat' | 'head'>

/** One line each, in this order, as far as there is an answer; HEAD's commit comes before its name. */
const questions = [
  '--path-format=absolute',
  '--is-bare-repository',
  '--is-inside-work-tree',
  '--show-object-format',
  '--git-dir',
  '--git-common-dir',
  '--git-path',
  'objects',
  '--show-toplevel',
  'HEAD^{commit}',
  '--symbolic-full-name',
  'HEAD',
]

/** Finds the repository around a directory, as git itself would, or says why autopilot can't use it. */
export async function discover(dir: string, env: Environment): Promise<Result<Discovered, RepositoryRefusal>> {
  if (!(await isDirectory(dir))) {
    return refuse('no_directory', `There is no directory ${cleanLine(dir)}.`, 'Name the repository to work on with -C.')
  }
  // Before the first git: git must not come from there, either.
  barProgramsAround(dir)
  const readable = await checkConfigFiles(dir, env)
  if (!readable.ok) return readable
  const old = await tooOld(dir, env)
  if (!old.ok) return old
  const answers = await gitAsUser(dir, ['rev-parse', ...questions], env)
  const lines = (answers.ok ? answers.value : answers.error.stdout).toString('utf8').split('\n')
  const [bare, inside, format, gitDir, commonDir, objectsDir, root, commit, name] = lines
  if (bare === 'true') {
    return refuse('bare', `${cleanLine(dir)} is a bare repository.`, 'Run autopilot in a clone that has a work tree.')
  }
  if (inside === 'false') {
    const help = 'Name the root of the repository with -C.'
    return refuse('no_work_tree', `${cleanLine(dir)} is outside of the work tree of its repository.`, help)
  }
  if (!gitDir || !commonDir || !objectsDir || !root) return answers.ok ? noPlace(dir) : notFound(dir, answers.error)
  barPrograms(root)
  if (!answers.ok || !commit || !name) {
    const help = 'Make the first commit: git add -A && git commit'
    return refuse('no_commit', `The repository ${cleanLine(root)} has no commit yet.`, help)
  }
  if (lines.length !== 10 || !/^[0-9a-f]{40,64}$/.test(commit)) return noPlace(dir)
  const branch = name.startsWith('refs/heads/') ? { branch: name.slice('refs/heads/'.length) } : {}
  const head = { commit: commit as CommitId, ...branch }
  return ok({ root, gitDir, commonDir, objectsDir, objectFormat: format === 'sha256' ? 'sha256' : 'sha1', head })
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}

/** The search paths whose git was new enough. */
const newEnough = new Set<string | undefined>()

/** `merge-tree --write-tree` came with git 2.38. Source: its release notes. */
async function tooOld(dir: string, env: Environment): Promise<Result<void, RepositoryRefusal>> {
  // A command asks several times where HEAD is, with the same git.
  if (newEnough.has(env.PATH)) return ok(undefined)
  const said = await gitAsUser(dir, ['version'], env)
  if (!said.ok) return notFound(dir, said.error)
  const version = /(\d+)\.(\d+)/.exec(said.value.toString('utf8'))
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)]
  if (major > 2 || (major === 2 && minor >= 38)) {
    newEnough.add(env.PATH)
    return ok(undefined)
  }
  return refuse('git_too_old', `${cleanLine(said.value.toString('utf8'))} is too old.`, 'Install git 2.38 or newer.')
}

/** Answers are lines, so a path with a line break can't be read back. */
function noPlace(dir: string) {
  return refuse('no_work_tree', `The path of ${cleanLine(dir)} contains a line break.`, 'Move the repository.')
}

function notFound(dir: string, failed: GitFailure) {
  const place = cleanLine(dir)
  switch (discoveryProblem(failed)) {
    case 'no_git':
      return refuse(
        'git_missing',
        'git could not be started.',
        'Install git and make sure that it is on PATH; relative entries and entries inside the repository do not count.',
      )
    case 'not_trusted':
      return refuse(
        'not_trusted',
        `git does not trust ${place}: it belongs to another user.`,
        `If you do: git config --global --add safe.directory ${place}`,
      )
    case 'no_repository':
      return refuse(
        'not_a_repository',
        `${place} is not in a git repository.`,
        'Create one (git init, then a first commit), name one with -C, or use --isolation none.',
      )
    case 'other':
      return foreignRefs(failed.stderr) ? refuseRefStorage(place) : refuseGit(failed)
  }
}

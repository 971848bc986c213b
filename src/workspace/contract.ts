import type { CommitId, RefName, TreeId } from '../domain/brand.js'
import type { Failure } from '../domain/agent/failure.js'
import type { GitSession } from '../platform/git/git-session.js'
import type { GitPlace } from '../platform/git/git.js'
import type { GitPath } from './git-path.js'

/** Why it is not safe to run in this repository (exit code 4). A closed list: tests and callers look at the code. */
export type RefusalCode =
  | 'no_directory'
  | 'not_a_file'
  | 'git_missing'
  | 'git_too_old'
  | 'not_a_repository'
  | 'not_trusted'
  | 'bare'
  | 'no_work_tree'
  | 'no_commit'
  | 'partial_clone'
  | 'refs_in_tables'
  | 'missing_filter'
  | 'not_writable'
  | 'on_target'
  | 'bad_branch_name'
  | 'branch_in_the_way'
  | 'checked_out'
  | 'detached'
  | 'dirty'
  | 'under_way'
  | 'split_index'
  | 'conflict'
  | 'diverged'
  | 'cut_off'
  | 'unrelated'
  | 'moved'
  | 'no_identity'
  | 'links_back'
  | 'git_failed'
  | 'locked'

/** A state of the user's repository that a person must change before autopilot can run there. */
export interface RepositoryRefusal {
  readonly code: RefusalCode
  /** What the problem is, one line, already cleaned. */
  readonly message: string
  /** What to do about it, one line. */
  readonly help: string
}

/** A copy of a submodule's history on this machine; autopilot only reads it. */
export interface SubmoduleStore {
  /** Absolute path of its objects. */
  readonly objectsDir: string
  /** Its tags and remote-tracking branches, in the form of a `packed-refs` file. */
  readonly refs: string
  /** Its `shallow` file, if it is a shallow clone. */
  readonly shallow?: string
}

/** A submodule that a commit records. */
export interface Submodule {
  /** Relative to the root of the repository, even if it is inside another submodule. */
  readonly path: GitPath
  /** The path of the submodule around it; empty if it is in the repository itself. */
  readonly parent: GitPath
  /** Where its git directory is below the `.git` of a work tree. */
  readonly key: string
  /** The commit that is recorded. */
  readonly commit: CommitId
  /** Absent if autopilot has no source for it. */
  readonly store?: SubmoduleStore
  /** Why its files can't be there: words that follow its name. */
  readonly lacks?: string
}

/** That the user's checkout is sparse, and how. */
export interface UserCone {
  /** Its patterns are whole directories. */
  readonly isCone: boolean
  /** Directories outside it are one entry each in the user's index. */
  readonly hasSparseIndex: boolean
}

/** Who the commits are by. */
export interface Identity {
  readonly name: string
  readonly email: string
}

export interface Sessions {
  /** `update-ref --stdin` in the user's git directory. */
  readonly refs: GitSession
  /** `hash-object -t commit -w` with the user's objects. */
  readonly commits: GitSession
  /** `cat-file --batch-command` with the user's objects. */
  readonly objects: GitSession
  /** `diff-tree --stdin` with the user's objects. */
  readonly diffs: GitSession
  /** The commits that this run created, by id: a commit never changes, so nobody needs to read them again. */
  readonly made: Map<CommitId, MadeCommit>
}

/** What a commit was made of. */
export interface MadeCommit {
  readonly tree: TreeId
  readonly parents: readonly CommitId[]
}

/** The user's repository at the start of the run, and autopilot's own git directory next to it. */
export interface Repository {
  /** Absolute path of the user's work tree. */
  readonly root: string
  /** Absolute path of this work tree's git directory; differs from `commonDir` in a linked worktree. */
  readonly gitDir: string
  /** Absolute path of the git directory that all worktrees of the user share. */
  readonly commonDir: string
  /** Absolute path of the user's object directory; everything that autopilot commits is there. */
  readonly objectsDir: string
  readonly objectFormat: 'sha1' | 'sha256'
  /** The user's HEAD at the start; without a branch if it was detached. */
  readonly head: { readonly commit: CommitId; readonly branch?: string }
  /**
   * Autopilot's own git directory with the user's objects: for every command that reads a work tree, attributes or a
   * merge configuration. Its `info/exclude`, `info/attributes` and `shallow` are copies of the user's.
   */
  readonly trusted: GitPlace
  /**
   * The user's git directory: only for refs (`refs/autopilot/…`, the target), and for nothing that could run a filter.
   */
  readonly user: GitPlace
  /** Long-lived gits on the two directories, for questions that every attempt asks. */
  readonly sessions: Sessions
  /** The user's identity, else `Autopilot <autopilot@localhost>`. */
  readonly identity: Identity
  /** Tags and remote-tracking branches at the start, in the form of a `packed-refs` file; empty for none. */
  readonly sharedRefs: string
  /** Paths of the submodules at HEAD, relative to the root. */
  readonly gitlinks: readonly string[]
  /** The submodules at HEAD, including nested ones, with the user's own copies of their histories. */
  readonly submodules: readonly Submodule[]
  /**
   * The user's settings that decide what content is, as the text of a git configuration file. The trusted
   * configuration contains it, and so should each workspace's. Excludes and attributes in it are absolute paths of
   * copies.
   */
  readonly carriedConfig: string
  /** Names of directories in the user's git directory that content filters read (`lfs`, `git-crypt`), if present. */
  readonly filterStores: readonly string[]
  /** The user's configuration names a directory of hooks; tools that install hooks refuse to work then. */
  readonly namesHooks: boolean
  /** Where the user's own hooks lie. */
  readonly hooksDir: string
  /** The user's own commits are signed. */
  readonly signsCommits: boolean
  /** How the user's checkout is sparse, if it is. */
  readonly cone?: UserCone
  /** The seal of the trusted directory when the run began. */
  readonly seal: string
  /** Is told, in words for people, each time the directory turns out to be different. */
  onUnsealed?: (what: string) => void
  /**
   * The user's uncommitted changes, including untracked files, without the `excluding` paths (relative to the root).
   * For a warning, because agents don't see them, and for refusing to land on top of them. Reads the user's index and
   * writes nothing; undefined if git can't tell.
   */
  readonly dirtyPaths: (excluding: readonly string[]) => Promise<string[] | undefined>
}

/** The branch where the run's work lands. */
export interface Target {
  /** Short name, such as `autopilot/main`. */
  readonly branch: string
  /** Full name, such as `refs/heads/autopilot/main`. */
  readonly ref: RefName
  /** Its tip, as far as autopilot knows; moves with each landing. */
  tip: CommitId
  /** Its tip when the run began; pinned at `refs/autopilot/<run>/base`. */
  readonly base: CommitId
  /** The user is on this branch, and wants index and files to move with it (`--target current`). */
  readonly current?: CurrentTree
  readonly takenUp?: TakenUp
  /** It started over from HEAD in this run. */
  readonly restart?: Restart
  /** Its old tips each time that it started over: it has the work of these commits, but not the commits. */
  readonly setAside?: readonly CommitId[]
  /** There is a tag with the branch's short name, and git prefers the tag. */
  readonly isAmbiguous?: true
  /** Is told when somebody else has moved it. */
  onOvertaken?: (move: { readonly from: CommitId; readonly to: CommitId }) => void
}

/** A remote-tracking branch whose commits the target now has. */
export interface TakenUp {
  /** Such as `origin/autopilot/main`. */
  readonly from: string
  /** There was no local branch with that name. */
  readonly isNew: boolean
}

/** A target whose work is in HEAD's history under other commits, and that starts over from HEAD. */
export interface Restart {
  /** The commit in HEAD's history that has all of the work. */
  readonly by: CommitId
  /** Where the target stood. */
  readonly tip: CommitId
  /** The ref that keeps that. */
  readonly ref: RefName
}

/** What is needed to move the user's own branch. */
export interface CurrentTree {
  /** `update-ref --stdin` in the git directory of the user's work tree: it also locks that tree's HEAD. */
  readonly refs: GitSession
  /** Waits this long, in ms, for a lock that another git holds. */
  readonly pause: (ms: number) => Promise<void>
}

/** What came of moving the target. */
export type TargetMove =
  | { readonly type: 'moved' }
  /** Not moved, and `target.tip` is its current tip: somebody else moved it meanwhile, or git refused for `why`. */
  | { readonly type: 'overtaken'; readonly why: Failure }

/** What an attempt brings to the merge queue. */
export interface Candidate {
  /** The commit whose tree is to land. */
  readonly candidate: CommitId
  /** What is already known about it, so that it need not be read. */
  readonly made?: { readonly tree: TreeId; readonly parents: readonly CommitId[] }
  /** The commit that the attempt started from. */
  readonly base: CommitId
  /** The message of the landed commit if autopilot creates one: subject, text and trailers. */
  readonly message: string
}

/** A candidate that has landed on the target. */
export interface Landed {
  /** The target's new tip. */
  readonly commit: CommitId
  /** The tip before, its only parent. */
  readonly previous: CommitId
  readonly tree: TreeId
}

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

/** A state of the user's repository that a person must change before autopilot may run there. */
export interface Refusal {
  readonly code: RefusalCode
  /** What is the matter, one line, already clean. */
  readonly message: string
  /** What to do about it, one line. */
  readonly help: string
}

/** A copy of a submodule's history on this machine, which autopilot reads and never writes. */
export interface SubmoduleStore {
  /** Absolute path of its objects. */
  readonly objectsDir: string
  /** Its tags and remote-tracking branches, in the form of a `packed-refs` file. */
  readonly refs: string
  /** Its `shallow` file, where it is cut off. */
  readonly shallow?: string
}

/** A submodule that a commit records. */
export interface Submodule {
  /** Relative to the root of the repository, also of one inside another. */
  readonly path: GitPath
  /** The path of the submodule that it is in; empty for one of the repository itself. */
  readonly parent: GitPath
  /** Where its git directory lies below the `.git` of a work tree. */
  readonly key: string
  /** The commit that is recorded. */
  readonly commit: string
  /** Absent where autopilot can take it from nowhere. */
  readonly store?: SubmoduleStore
  /** Why its files cannot be there: in words that follow its name. */
  readonly lacks?: string
}

/** That the user's checkout is sparse, and of which kind. */
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
  /** The commits of this run's making, by id: a commit never changes, so nobody needs to ask for them. */
  readonly made: Map<string, MadeCommit>
}

/** What a commit was made of. */
export interface MadeCommit {
  readonly tree: string
  readonly parents: readonly string[]
}

/** The user's repository as found at the start of the run, and autopilot's own git directory beside it. */
export interface Repository {
  /** Absolute path of the user's work tree. */
  readonly root: string
  /** Absolute path of this work tree's git directory; differs from `commonDir` in a linked worktree. */
  readonly gitDir: string
  /** Absolute path of the git directory that all worktrees of the user share. */
  readonly commonDir: string
  /** Absolute path of the user's object directory; everything that autopilot commits lies here. */
  readonly objectsDir: string
  readonly objectFormat: 'sha1' | 'sha256'
  /** Where the user stood at the start; without a branch when HEAD was detached. */
  readonly head: { readonly commit: string; readonly branch?: string }
  /**
   * Autopilot's own git directory with the user's objects: for every command that reads a work tree, attributes or
   * a merge configuration. Its `info/exclude`, `info/attributes` and `shallow` are copies of the user's.
   */
  readonly trusted: GitPlace
  /** The user's git directory: for refs (`refs/autopilot/…`, the target) and for nothing that could run a filter. */
  readonly user: GitPlace
  /** Long-lived gits over the two directories, for what is asked with every attempt. */
  readonly sessions: Sessions
  /** The user's identity, else `Autopilot <autopilot@localhost>`. */
  readonly identity: Identity
  /** Tags and remote-tracking branches as they were at the start, in the form of a `packed-refs` file; empty for none. */
  readonly sharedRefs: string
  /** Paths of the submodules at HEAD, relative to the root. */
  readonly gitlinks: readonly string[]
  /** The submodules at HEAD, those inside them too, with the user's own copies of their histories. */
  readonly submodules: readonly Submodule[]
  /**
   * The user's settings that decide what content is, as the text of a git configuration file: the trusted
   * configuration contains it, and each workspace's own is to contain it. Excludes and attributes in it are absolute
   * paths of copies.
   */
  readonly carriedConfig: string
  /** Names of directories of the user's git directory that content filters read (`lfs`, `git-crypt`), where present. */
  readonly filterStores: readonly string[]
  /** The user's configuration names a directory of hooks, which tools that install hooks refuse to go beside. */
  readonly namesHooks: boolean
  /** Where the user's own hooks lie. */
  readonly hooksDir: string
  /** The user's own commits are signed. */
  readonly signsCommits: boolean
  /** Where the user's checkout is sparse. */
  readonly cone?: UserCone
  /** What the trusted directory held when the run began, in short. */
  readonly seal: string
  /** Told when it holds something else, in words for people, each time that this is found. */
  onUnsealed?: (what: string) => void
  /**
   * Uncommitted changes of the user, untracked files too, less the `excluding` paths (relative to the root). For a
   * warning, as agents do not see them, and to refuse to land on top of them. Reads the user's index and writes nothing;
   * undefined when git cannot tell.
   */
  readonly dirtyPaths: (excluding: readonly string[]) => Promise<string[] | undefined>
}

/** The branch on which the run's work arrives. */
export interface Target {
  /** Short name, such as `autopilot/main`. */
  readonly branch: string
  /** Full name, such as `refs/heads/autopilot/main`. */
  readonly ref: string
  /** The commit it stands at, as far as autopilot knows; moves with each landing. */
  tip: string
  /** The commit it stood at when the run began; pinned at `refs/autopilot/<run>/base`. */
  readonly base: string
  /** The user stands on it, and wants their index and files to move with it (`--target current`). */
  readonly current?: CurrentTree
  readonly takenUp?: TakenUp
  /** It began anew from HEAD in this run. */
  readonly anew?: Anew
  /** What it was each time that it began anew: the work of these commits is in it, though they are not. */
  readonly before?: readonly string[]
  /** There is a tag of the branch's short name, which git takes first. */
  readonly isAmbiguous?: true
  /** Told when somebody else has moved it. */
  onOvertaken?: (move: { readonly from: string; readonly to: string }) => void
}

/** A remote-tracking branch whose commits the target has now. */
export interface TakenUp {
  /** Such as `origin/autopilot/main`. */
  readonly from: string
  /** There was no local branch of that name. */
  readonly isNew: boolean
}

/** A target whose work is in HEAD's history under other commits, and that begins from HEAD again. */
export interface Anew {
  /** The commit in HEAD's history that has all of it. */
  readonly by: string
  /** Where the target stood. */
  readonly tip: string
  /** The ref that keeps that. */
  readonly ref: string
}

/** What moving the user's own branch takes. */
export interface CurrentTree {
  /** `update-ref --stdin` in the git directory of the user's work tree: it locks that tree's HEAD, too. */
  readonly refs: GitSession
  /** Waits so many ms, for a lock that another git holds. */
  readonly pause: (ms: number) => Promise<void>
}

/** What came of moving the target. */
export type Move =
  | { readonly type: 'moved' }
  /** Not moved, and `target.tip` is where it stands now: somebody else moved it meanwhile, or git refused for `why`. */
  | { readonly type: 'overtaken'; readonly why: Failure }

/** What an attempt brings to the merge queue. */
export interface Candidate {
  /** The commit whose tree is to land. */
  readonly candidate: string
  /** What is known of it, so that it need not be read. */
  readonly made?: { readonly tree: string; readonly parents: readonly string[] }
  /** The commit that the attempt started from. */
  readonly base: string
  /** The message of the landed commit where autopilot makes one: subject, text and trailers. */
  readonly message: string
}

/** A candidate that arrived on the target. */
export interface Landed {
  /** The target's new tip. */
  readonly commit: string
  /** The tip before, its only parent. */
  readonly previous: string
  readonly tree: string
}

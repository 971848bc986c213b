/** A directory of a project, as git tracks it: what its tools are is read from that alone. */
export interface ProjectTree {
  /** Whether a file with this path, from the directory, is tracked. */
  readonly has: (path: string) => boolean
  /** Whether a tracked file anywhere in it has such a name. */
  readonly hasNamed: (name: RegExp) => boolean
  /** The text of a tracked file; empty for one that is not there, or is not text. */
  readonly text: (path: string) => string
}

/** A command, and where the project says so. */
export interface Step {
  readonly command: string
  readonly source: string
}

/** What the tools of one kind of project would do. */
export interface Tools {
  /** Installs what is locked. */
  readonly setup?: Step
  readonly test?: Step
  /** Linters and type checks. */
  readonly lint: readonly Step[]
  /** What may be right and is not certain: shown, and not used. */
  readonly perhaps: readonly Step[]
  /** Why something that looks like a gate is none, and what should be done about the project. */
  readonly remarks: readonly string[]
  /** A directory that setup makes, and that git must ignore. */
  readonly makes?: string
}

/** Finds the tools of one kind; undefined where there is no such project. */
export type FindTools = (tree: ProjectTree) => Tools | undefined

/** The files whose text is asked for. */
export const readNames: ReadonlySet<string> = new Set([
  ...['package.json', 'yarn.lock', 'Cargo.toml', 'GNUmakefile', 'makefile', 'Makefile'],
  ...['pyproject.toml', 'setup.cfg', 'setup.py', 'tox.ini', 'Pipfile', 'requirements.txt', 'requirements-dev.txt'],
  ...['requirements-test.txt', 'dev-requirements.txt'],
])

import { goTools, jvmTools, makeTools, rustTools } from './other-tools.js'
import { nodeTools } from './node-tools.js'
import { pythonTools } from './python-tools.js'
import type { FindTools, ProjectTree, Step, Tools } from './tools.js'

/** A gate for the configuration: a command, and the directory to run it in. */
export interface ProjectGate extends Step {
  readonly cwd?: string
}

/** What a project says of how it is installed and checked. */
export interface Project {
  readonly setup?: Step
  readonly gates: readonly ProjectGate[]
  readonly perhaps: readonly ProjectGate[]
  readonly remarks: readonly string[]
  /** Directories that setup makes, from the root: git must ignore them. */
  readonly makes: readonly string[]
}

const kinds: readonly FindTools[] = [nodeTools, pythonTools, rustTools, goTools, jvmTools]

/** What the files at the root say; where they say nothing, those of the directories below it. */
export function findProject(root: ProjectTree, below: ReadonlyMap<string, ProjectTree>): Project {
  const own = toolsOf(root)
  if (own.length > 0) return joined(own.map((tools) => ({ tools })))
  return joined([...below].flatMap(([cwd, tree]) => toolsOf(tree).map((tools) => ({ tools, cwd }))))
}

/** Make often only calls the other tools, so it is asked for what they don't have. */
function toolsOf(tree: ProjectTree): readonly Tools[] {
  const found = kinds.flatMap((find) => find(tree) ?? [])
  const make = makeTools(tree)
  if (!make) return found
  const hasTest = found.some(({ test }) => test !== undefined)
  const hasLint = found.some(({ lint }) => lint.length > 0)
  const { test, ...rest } = make
  const needed = { ...rest, lint: hasLint ? [] : make.lint }
  return [...found, hasTest || test === undefined ? needed : { ...needed, test }]
}

interface Placed {
  readonly tools: Tools
  readonly cwd?: string
}

function joined(all: readonly Placed[]): Project {
  const setups = all.flatMap(({ tools, cwd }) => (tools.setup ? [inDirectory(tools.setup, cwd)] : []))
  const gates = all.flatMap(({ tools: { test, lint }, cwd }) => [...(test ? [test] : []), ...lint].map(placed(cwd)))
  return {
    ...(setups.length === 0
      ? {}
      : {
          setup: {
            command: setups.map(({ command }) => command).join(' && '),
            source: [...new Set(setups.map(({ source }) => source))].join(', '),
          },
        }),
    gates,
    perhaps: all.flatMap(({ tools, cwd }) => tools.perhaps.map(placed(cwd))),
    remarks: all.flatMap(({ tools, cwd }) =>
      tools.remarks.map((remark) => (cwd === undefined ? remark : `${cwd}: ${remark}`)),
    ),
    makes: all.flatMap(({ tools, cwd }) => (tools.makes === undefined ? [] : [below(cwd, tools.makes)])),
  }
}

function placed(cwd: string | undefined): (step: Step) => ProjectGate {
  return (step) => (cwd === undefined ? step : { ...step, source: below(cwd, step.source), cwd })
}

/** Setup runs at the root. */
function inDirectory(step: Step, cwd: string | undefined): Step {
  if (cwd === undefined) return step
  return { command: `(cd ${cwd} && ${step.command})`, source: below(cwd, step.source) }
}

function below(cwd: string | undefined, path: string): string {
  return cwd === undefined ? path : `${cwd}/${path}`
}

/** Directories that a shell takes as they are, and that hold no dependencies. */
export function isPlainDirectory(name: string): boolean {
  return /^[A-Za-z0-9][\w.-]*$/.test(name) && !['node_modules', 'vendor', 'third_party', 'examples'].includes(name)
}

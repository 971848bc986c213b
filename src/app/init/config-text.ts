import { stringify } from 'yaml'
import type { Project, ProjectGate } from '../../domain/project/project.js'
import { cleanLine, listFirst } from '../../domain/text.js'

/** What is known of a repository that has no configuration yet. */
export interface Findings {
  readonly project: Project
  /** Agent CLIs that work here, such as `claude 2.1.3`, and their names. */
  readonly clis: readonly { readonly name: string; readonly version?: string }[]
  /** Those that a run takes where nobody names any. */
  readonly isDefault: (name: string) => boolean
  /** Untracked dotenv files. */
  readonly dotenv: readonly string[]
  /** Directories that setup makes and that git does not ignore. */
  readonly unignored: readonly string[]
  /** Where editors find the schema, from the file. */
  readonly schema: string
}

/** A commented `autopilot.yaml`: what was found, in force, and what a person may want, as comments. */
export function configText(findings: Findings): string {
  const sections = [head(findings), agents(findings), setup(findings), gates(findings), secrets(findings), limits]
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function head({ schema }: Findings): readonly string[] {
  return [
    `# yaml-language-server: $schema=${schema}`,
    '# How autopilot works in this repository. Every key is optional; `autopilot help config` explains them all.',
    '# `autopilot doctor` checks this file and the machine; `autopilot doctor --gates` also tries the gates.',
  ]
}

function agents({ clis, isDefault }: Findings): readonly string[] {
  const found = clis.map(({ name, version }) => (version === undefined ? name : `${name} ${cleanLine(version, 60)}`))
  const names = clis.map(({ name }) => name)
  const chosen = names.filter(isDefault)
  const line = `providers: [${(chosen.length > 0 ? chosen : names).join(', ')}]`
  const others = names.filter((name) => !chosen.includes(name))
  const besides =
    others.length === 0 || chosen.length === 0 ? '' : ` (without a word, a run takes only ${chosen.join(', ')})`
  return [
    '# How many agents work at once, and how often each task may be tried.',
    'agents: 5',
    'iterations: 3',
    '',
    '# The agent CLIs to use, in order of preference; a model may follow, as in claude:opus.',
    found.length === 0 ? '# None was found here.' : `# Found here: ${found.join(', ')}${besides}.`,
    // What a run takes by itself need not be said; what it doesn't must be.
    names.length === 0 ? '# providers: [claude, codex]' : chosen.length > 0 ? `# ${line}` : line,
  ]
}

function setup({ project, unignored }: Findings): readonly string[] {
  const about = '# What each workspace needs once before agents and gates can work in it'
  if (!project.setup) return [`${about}, such as an installation.`, '# setup: npm ci']
  const { command, source } = project.setup
  return [
    `${about} (${source}).`,
    ...unignored.map(
      (path) =>
        `# git does not ignore ${path}: add it to .gitignore, or what setup makes there counts as agents' work.`,
    ),
    `setup: ${scalar(command)}`,
  ]
}

function gates({ project }: Findings): readonly string[] {
  const about = '# What must pass on exactly the tree that lands: each command must exit with 0.'
  const perhaps =
    project.perhaps.length === 0 ? [] : ['# Perhaps also:', ...project.perhaps.map((one) => `#   ${entry(one)}`)]
  const remarks = project.remarks.map((remark) => `# Note: ${cleanLine(remark, 300)}.`)
  if (project.gates.length === 0)
    return [
      about,
      '# Nothing that certainly checks this project was found, so nothing is checked before work lands. Name a command:',
      ...remarks,
      ...perhaps,
      '# gates:',
      '#   - make test',
    ]
  return [
    about,
    ...remarks,
    'gates:',
    ...project.gates.map((gate) => `  ${entry(gate)}`),
    ...perhaps,
    ...allowed(project),
  ]
}

/** An entry of a list, with its source. */
function entry({ command, cwd, source }: ProjectGate): string {
  const value = cwd === undefined ? scalar(command) : `{ run: ${scalar(command, true)}, cwd: ${scalar(cwd, true)} }`
  return `- ${value} # ${cleanLine(source, 120)}`
}

/** Agents work better where they can try what will be asked of them. */
function allowed({ gates: all }: Project): readonly string[] {
  const commands = [...new Set(all.map(({ command }) => command))].filter((command) => /^[\w./: -]+$/.test(command))
  if (commands.length === 0) return []
  const tools = commands.slice(0, 5).map((command) => `'Bash(${command}:*)'`)
  return [
    '',
    '# With permissions: edit (the default), agents change files and run few commands. These they may want, too:',
    `# allow: [${tools.join(', ')}]`,
  ]
}

function secrets({ dotenv }: Findings): readonly string[] {
  if (dotenv.length === 0)
    return [
      '# Values of variables whose names look secret are masked in all output. More of them:',
      '# secrets: { files: [.env], names: [MY_VALUE] }',
    ]
  const files = dotenv.map((file) => scalar(file, true)).join(', ')
  const named = listFirst(dotenv, 3, (file) => file)
  return [
    `# The values in ${named} are masked in all output. Agents do not get the file.`,
    `secrets: { files: [${files}] }`,
    '# If agents and gates cannot do without it, each workspace can have a copy. Every agent can read a copied file, with',
    '# all secrets in it, and send it on: masking hides values in what autopilot prints, not from agents. Copy a file with',
    '# values for tests instead, if you can.',
    `# copy: [${files}]`,
  ]
}

const limits: readonly string[] = [
  '# Limits of a run: exit code 75 tells that it stopped early, and the next run continues.',
  '# budget: 20 # US dollars',
  '# time_limit: 8h',
]

/** A text as YAML, on one line. */
function scalar(text: string, isInside = false): string {
  const [written = ''] = stringify(isInside ? [text] : text, { collectionStyle: 'flow', lineWidth: 0 }).split('\n')
  return isInside ? written.slice(1, -1).trim() : written
}

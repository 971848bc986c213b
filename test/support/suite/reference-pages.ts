import { readFileSync } from 'node:fs'
import prettier from 'prettier'
import { fileKeys } from '../../../src/config/file-keys.js'
import { acceptedBy } from '../../../src/config/form.js'
import { settingRows } from '../../../src/config/settings.js'
import { exitCodeMeanings } from '../../../src/domain/run/exit-code.js'
import { keyNotes } from '../../../src/roadmap/formats/native/key-note.js'
import { projectRoot } from '../rigs/program.js'

/** An example of every key that only the file has. */
export const configExample = Object.entries(fileKeys)
  .map(([key, { example }]) => `${key}: ${example}`)
  .join('\n')

/** The pages of docs/ that are made from the code, by their names. */
export const referencePages: Readonly<Record<string, () => Promise<string>>> = {
  'configuration.md': () => formatted(configurationPage()),
  'roadmap.md': () => formatted(roadmapPage()),
  'exit-codes.md': () => formatted(exitCodesPage()),
}

const generated = (from: string) => `<!-- Made from ${from}; a test compares it. -->`

function configurationPage(): string {
  const rows = settingRows.map(([, { flag, key, variables, read, help }]) =>
    row(code(key), code(flag), variables.map(code).join(', '), acceptedBy(read.form), help),
  )
  const fileRows = Object.entries(fileKeys).flatMap(([key, { about, inside = {} }]) => [
    row(code(key), about),
    ...Object.entries(inside).map(([inner, meaning]) => row(code(`${key}.${inner}`), meaning)),
  ])
  return `# Configuration

${generated('the tables of settings')}

Put \`autopilot.yaml\` (or \`autopilot.yml\`) at the root of the repository. Every key is optional. \`autopilot init\` writes
one for what it finds, \`autopilot doctor\` checks it, and \`autopilot schema config\` prints a JSON Schema for editors.
A file with another name, or in another place, is refused, because its settings would have no effect.

A setting comes from these places; a later one wins: the default, \`autopilot.yaml\`, the environment, the option. An empty
variable counts as not set. \`AGENTS\`, \`MAX_ITERATIONS\` and \`DRY_RUN\` are what make passes on.

## Settings with an option

${table(['key', 'option', 'variables', 'accepts', ''], rows)}

## Settings that only the file has

${table(['key', ''], fileRows)}

An example of each:

\`\`\`yaml
${configExample}
\`\`\`

[workspaces.md](workspaces.md) explains \`setup\`, \`keep\`, \`copy\` and \`link\`; [gates.md](gates.md) \`gates\`;
[sharing.md](sharing.md) \`env\` and \`ports\`; [security.md](security.md) \`secrets\` and \`agents_may_configure\`;
[providers.md](providers.md) \`custom_providers\` and \`allow\`.
`
}

function roadmapPage(): string {
  const places = {
    task: 'A task',
    group: 'An epic, a milestone or a set',
    root: 'The root',
    defaults: '`defaults`',
    verify: 'An entry of `verify`',
  } as const
  const sections = Object.entries(places).map(([level, title]) => {
    const notes = Object.entries(keyNotes[level as keyof typeof places])
    return `## ${title}\n\n${table(
      ['key', ''],
      notes.map(([key, about]) => row(code(key), about)),
    )}`
  })
  return `# The roadmap

${generated('the keys that the reader knows')}

A roadmap is YAML or JSON. Without an argument, autopilot looks for \`roadmap.yaml\`, \`roadmap.yml\`, \`roadmap.json\` and
\`state/roadmap.yaml\`. \`autopilot init\` writes a small one, \`autopilot validate\` checks one, and \`autopilot schema roadmap\`
prints a JSON Schema for editors.

\`\`\`yaml
tasks:
  - id: schema
    title: Add the users table
    exit_criteria:
      - Migrations run forwards and backwards
  - id: api
    title: Add the /v1/users endpoint
    dependencies: [schema] # ids of tasks, or of epics, milestones and sets (all tasks in them)
    complexity: 7
  - id: licence-headers
    run: ./scripts/add-headers.sh # a shell command in place of an agent
    expects: no_change
epics: # tasks may also be in epics, milestones and sets
  - id: E1
    title: Reporting
    tasks:
      - id: export
        title: Export as CSV
\`\`\`

autopilot never drops or runs a task silently. A task that is \`blocked\` or \`on_hold\`, is manual, or depends on something
that doesn't exist is **held**: counted, named and explained. You can also hold a waiting task during a run, because
autopilot reads the file before each start. Unknown keys are kept and warned about; a key that was meant to say something
about order or checks, and doesn't, is an error.

${sections.join('\n\n')}
`
}

function exitCodesPage(): string {
  const rows = Object.entries(exitCodeMeanings).map(([number, meaning]) => row(number, meaning))
  return `# Exit codes

${generated('the table of exit codes')}

${table(['code', ''], rows)}

make turns every failure into its own exit code 2: a script that needs autopilot's exit code calls \`autopilot\`, or
\`autopilot_unified.sh\`.

\`autopilot doctor\` ends with what a run would end with at once: 2, 3 or 4, otherwise 0.
`
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [row(...head), row(...head.map(() => '---')), ...rows].join('\n')
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``
}

function formatted(page: string): Promise<string> {
  const config = JSON.parse(readFileSync(`${projectRoot}/.config/prettier.json`, 'utf8')) as prettier.Options
  return prettier.format(page, { ...config, parser: 'markdown' })
}

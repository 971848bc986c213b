/**
 * GitHub's runner takes some lines of a log for commands: `::name::…` at the start of a line, behind white space, and
 * `##[name]` anywhere in one. Text from outside must not give any. Source: actions/runner, ActionCommand.cs.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(?=\s*::)/gm, '| ').replaceAll('##[', '## [')
}

/** The same for a line of JSON, which keeps its value; none begins with a colon. */
export function jsonWithoutCommands(line: string): string {
  return line.replaceAll('##[', '##\\u005b')
}

/** What tells the runner to take no line for a command any more, and what ends that. `token` must not be guessable. */
export function commandStop(token: string): { readonly stop: string; readonly resume: string } {
  return { stop: `::stop-commands::${token}\n`, resume: `::${token}::\n` }
}

/** A place in a file of the repository, with what is wrong there. */
export interface Annotation {
  readonly level: 'error' | 'warning'
  /** Relative to the directory that the runner checked out; shown as it is. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly title: string
  readonly text: string
}

/** The command that makes the runner show an annotation. Source: actions/toolkit, core/src/command.ts. */
export function annotationCommand({ level, file, line, column, title, text }: Annotation): string {
  const properties = Object.entries({ file, line, col: column, title })
  return `::${level} ${properties.map(([name, value]) => `${name}=${inProperty(String(value))}`).join(',')}::${inData(text)}`
}

/** The commands around lines that the log folds under a title. Source: as above. */
export function groupCommands(title: string): { readonly begin: string; readonly end: string } {
  return { begin: `::group::${inData(title)}`, end: '::endgroup::' }
}

function inData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function inProperty(text: string): string {
  return inData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

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

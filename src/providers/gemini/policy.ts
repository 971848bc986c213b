import { allowedCommands, type AllowedCommand } from '../adapter/allowed-command.js'

/**
 * Policies for `--policy`: what no rule permits is denied. They hold in the approval mode `default` alone: there a
 * redirection needs a person's consent, so nobody gives it, while `auto_edit` would let it write anywhere. Priorities
 * are above those of settings and MCP servers, which end at 900. Source: tried with 0.61.0.
 */
const priorities = { protect: 980, allow: 960, rest: 950 } as const

/** Its own tools that read, or only tell something. */
const reading = [
  ...['read_file', 'read_many_files', 'list_directory', 'glob', 'grep_search', 'get_internal_docs'],
  ...['update_topic', 'write_todos', 'complete_task'],
]

const writing = ['write_file', 'replace']

/** An agent that edits and runs these commands. */
export function editPolicy(allow: readonly string[]): string {
  return policyOf([
    // Its own settings could name hooks and servers, which would run in the next turn.
    ...['', '[^"]*/'].map((before) => ({
      toolName: writing,
      argsPattern: `"file_path":"${before}\\.[gG][eE][mM][iI][nN][iI][/"]`,
      ...{ decision: 'deny', priority: priorities.protect },
    })),
    { toolName: [...reading, ...writing], decision: 'allow', priority: priorities.allow },
    // It is offered although nothing may run: what it is asked for then shows as a refusal, with what to allow.
    ...(allow.length === 0 ? [shellRule('(?!)')] : allowedCommands(allow).map((one) => shellRule(regexOf(one)))),
    denyAll,
  ])
}

/** A reviewer, who reads files and the change, with no option that writes a file. */
export function reviewPolicy(): string {
  const look = 'git (diff|show|log|status) (?![^"]*--ou)[\\w ./^~:@=-]*"'
  return policyOf([
    { toolName: reading, decision: 'allow', priority: priorities.allow },
    ...[look, 'git status"'].map(shellRule),
    denyAll,
  ])
}

type Rule = Readonly<Record<string, string | number | readonly string[]>>

const denyAll: Rule = { toolName: '*', decision: 'deny', priority: priorities.rest }

/** `commandRegex`: of the command as JSON has it, from its first character. Parts of a command are judged one by one. */
function shellRule(commandRegex: string): Rule {
  return { toolName: 'run_shell_command', commandRegex, decision: 'allow', priority: priorities.allow }
}

/** Words of a command contain nothing that JSON or a regular expression takes for something else, but for these. */
function regexOf({ command, isPrefix }: AllowedCommand): string {
  const words = command.replace(/[.+]/g, '\\$&')
  return isPrefix ? `${words}[ "]` : `${words}"`
}

function policyOf(rules: readonly Rule[]): string {
  return rules.map((rule) => `[[rule]]\n${Object.entries(rule).map(tomlLine).join('\n')}\n`).join('\n')
}

/** JSON strings, numbers and arrays are TOML, too. */
function tomlLine([key, value]: [string, Rule[string]]): string {
  return `${key} = ${JSON.stringify(value)}`
}

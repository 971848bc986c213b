import type { AllowedCommand } from '../adapter/allowed-command.js'

/** Before the refusals of {@link guardPlugin}. */
export const guardRefusal = 'autopilot did not permit this command.'

/**
 * A plugin that runs inside opencode. It writes a line of JSON when opencode retries, of which `--format json` says
 * nothing. With `commands`, it permits those to the agent of this name, and only as whole commands in plain words, joined
 * by `&&`, `||`, `;` or `|`. opencode's own rules look at each command inside a line, so they let through a redirection
 * without a command or around a group (`{ git status; } > ../file`) and an `export`. Only the plugin grants the commands:
 * where opencode does not load it, they stay forbidden. Source: tried with 1.18.33.
 */
export function guardPlugin(
  agent: string,
  commands: readonly AllowedCommand[] | undefined,
  tellsSteps = false,
): string {
  return `const agentName = ${JSON.stringify(agent)}
const commands = ${JSON.stringify(commands ?? [])}

export const autopilot = async () => ({
  event: async ({ event }) => {
    const { sessionID, status, part } = event.properties ?? {}
    const tell = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
    if (event.type === 'session.status' && status?.type === 'retry')
      tell({ type: 'retry', sessionID, message: status.message })
${tellsSteps ? stepHook : ''}  },
${commands === undefined ? '' : guardHooks}})
`
}

/** A server's own protocol tells only what the last call of a turn used. */
const stepHook = `    if (event.type === 'message.part.updated' && part?.type === 'step-finish')
      tell({ type: 'step_used', sessionID: part.sessionID, part })
`

/**
 * Quoted text counts as one word, unless something may be expanded in it. What is left must be plain: no quote that is
 * not closed, no escape, substitution, group, redirection, comment or background job.
 */
const guardHooks = `  config: async (config) => {
    const rules = commands.flatMap(({ command, isPrefix }) => (isPrefix ? [command, command + ' *'] : [command]))
    config.agent[agentName].permission.bash = Object.fromEntries([
      ['*', 'deny'],
      ...rules.flatMap((rule) => [[rule, 'allow'], [rule + ' 2>&1', 'allow']]),
    ])
  },
  'tool.execute.before': async ({ tool }, { args }) => {
    if (tool !== 'bash') return
    const words = String(args.command)
      .trim()
      .replace(/'[^']*'|"[^"$\`\\\\]*"/g, (quoted) => (/[\\r\\n]/.test(quoted) ? quoted : 'quoted'))
      .replace(/ 2>&1(?= |$)/g, '')
    const isPlain = !/[\\r\\n\\\\'"\`<>(){}#]/.test(words) && !/\\$(?![A-Za-z_])/.test(words)
    const isAllowed = (part) =>
      commands.some(({ command, isPrefix }) => part === command || (isPrefix && part.startsWith(command + ' ')))
    const parts = words.split(/&&|\\|\\||[;|]/).map((part) => part.trim())
    if (isPlain && parts.every((part) => !part.includes('&') && isAllowed(part))) return
    const names = commands.map(({ command, isPrefix }) => (isPrefix ? command + ' ...' : command))
    throw new Error(
      ${JSON.stringify(guardRefusal)} + ' Permitted, in plain words and without redirections: ' + (names.join('; ') || 'none') + '.',
    )
  },
`

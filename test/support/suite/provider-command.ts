import type { AgentCommand, Assignment, Provider, WorkRequest } from '../../../src/providers/adapter/contract.js'
import { reviewRequest, workRequest } from '../rigs/requests.js'

const ownDir = '/own'

const anyTurn = { cwd: 'WORKSPACE', ownDir, prompt: '' }
const [model, budgetUsd] = ['MODEL', 1234]

/** The command lines of a provider, each under what it is for. */
export function commandLines(provider: Provider): string {
  const { review } = provider
  const titled: readonly (readonly [title: string, line: string | undefined])[] = [
    ['--permissions edit', refusal(provider, []) === undefined ? workLine(provider, 'edit') : undefined],
    ['--permissions full', workLine(provider, 'full')],
    ['a reviewer', review && reviewLine(review)],
    ...assignments().map(([use, assignment]) => [`as a server: ${use}`, serverLine(provider, assignment)] as const),
  ]
  const titles = new Map<string, readonly string[]>()
  for (const [title, text] of titled) {
    if (text !== undefined) titles.set(text, [...(titles.get(text) ?? []), title])
  }
  const texts = [...titles].map(([text, uses]) =>
    titles.size === 1 ? text : `# ${uses.join('; ').replaceAll('; as a server: ', ', ')}\n${text}`,
  )
  return `\`\`\`text\n${texts.join('\n\n')}\n\`\`\``
}

/** Which turns a provider serves as a server. */
export function servedTurns(provider: Provider): readonly string[] {
  return assignments().flatMap(([use, assignment]) => (serverLine(provider, assignment) === undefined ? [] : [use]))
}

/** What a server may be given. */
function assignments(): readonly (readonly [use: string, Assignment])[] {
  return [
    ['edit', { type: 'work', request: workRequest({ ...anyTurn, model }) }],
    ['full', { type: 'work', request: workRequest({ ...anyTurn, model, permissions: 'full' }) }],
    ['reviews', { type: 'review', request: reviewRequest({ ...anyTurn, model, schema: 'SCHEMA' }) }],
  ]
}

function serverLine(provider: Provider, assignment: Assignment): string | undefined {
  if (assignment.type === 'work' && provider.refusal(assignment.request, {})) return undefined
  const command = provider.serve?.command(assignment, ownDir, {})
  return command && line({ ...command, input: '' }, [])
}

/** Why a provider takes no task with `edit` and these entries of `allow:`. */
export function refusal(provider: Provider, allow: readonly string[]): string | undefined {
  return provider.refusal(workRequest({ allow, run: 'COMMAND' }), {})?.message
}

function workLine(provider: Provider, permissions: WorkRequest['permissions']): string {
  const bare = workRequest({ ...anyTurn, permissions, run: 'COMMAND' })
  const [limited, allow] = [{ ...bare, budgetUsd }, ['TOOL...']]
  const all = { ...limited, model, allow }
  const fewer = [
    { ...limited, allow },
    { ...bare, model, allow },
    { ...limited, model },
  ]
  const { resume } = provider
  if (!resume)
    return line(
      provider.command(all),
      fewer.map((request) => provider.command(request)),
    )
  const continued = (request: WorkRequest) => resume.command(request, 'ID')
  return line(continued(all), [provider.command(all), ...fewer.map(continued)])
}

function reviewLine(review: NonNullable<Provider['review']>): string {
  const bare = reviewRequest({ ...anyTurn, schema: 'SCHEMA' })
  const fewer = [
    { ...bare, model },
    { ...bare, budgetUsd },
  ]
  return line(
    review.command({ ...bare, model, budgetUsd }),
    fewer.map((request) => review.command(request)),
  )
}

/** The whole command, with what each of the others lacks in brackets. */
function line({ file, args }: AgentCommand, others: readonly AgentCommand[]): string {
  const words = args.map(shown)
  for (const { args: fewer } of others) {
    const count = args.length - fewer.length
    if (count === 0) continue
    const start = args.findIndex((arg, index) => arg !== fewer[index])
    words[start] = `[${words[start] ?? ''}`
    words[start + count - 1] = `${words[start + count - 1] ?? ''}]`
  }
  return wrapped([file, ...words], ' '.repeat(file.length + 1))
}

function shown(arg: string): string {
  if (arg.startsWith(`${ownDir}/`)) return 'FILE'
  return (/\s/.test(arg) ? `'${arg}'` : arg).replace(String(budgetUsd), 'USD')
}

/** The words in lines; those after the first are so far in. */
export function wrapped(words: readonly string[], indent = ''): string {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 125) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(lines.length === 0 ? word : `${indent}${word}`)
  }
  return lines.join('\n')
}

/** Variables that autopilot sets, with their values if they are the same in every turn. */
export function variablesSet(provider: Provider): string {
  const turn = (more: Partial<WorkRequest>) =>
    provider.command(workRequest({ prompt: '', run: 'COMMAND', ...more })).env
  const one = turn({ ownDir: '/one', limits: { timeoutMs: 1_000_000, idleTimeoutMs: 10_000 } })
  const other = turn({ ownDir: '/other', limits: { timeoutMs: 2_000_000, idleTimeoutMs: 20_000 } })
  const always = turn({ background: true })
  const name = ([key, value]: readonly [string, string]) => `\`${key}${value === other[key] ? `=${value}` : ''}\``
  const set = Object.entries(one).filter(([key]) => key in always)
  const forForeground = Object.entries(one).filter(([key]) => !(key in always))
  const reviewing = provider.review?.command(reviewRequest({ ownDir: '/other' })).env ?? {}
  const forReviews = Object.entries(reviewing).filter(([key]) => !(key in one))
  return [
    ...(set.length > 0 ? [`autopilot sets ${list(set.map(name))}.`] : []),
    ...(forForeground.length > 0 ? [`Without \`background: on\`, also ${list(forForeground.map(name))}.`] : []),
    ...(forReviews.length > 0 ? [`For a reviewer, also ${list(forReviews.map(([key]) => `\`${key}\``))}.`] : []),
  ].join(' ')
}

/** `a, b and c` */
export function list(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`
}

import { readFileSync } from 'node:fs'
import prettier from 'prettier'
import { failureKinds, type FailureKind } from '../../../src/domain/agent/failure.js'
import { defaultProviders, providerNames, type ProviderName } from '../../../src/domain/agent/provider-model.js'
import type { Provider } from '../../../src/providers/adapter/contract.js'
import { kindOfHttpStatus, type Signature } from '../../../src/providers/adapter/failure-text.js'
import type { ProviderPage } from '../../../src/providers/adapter/page.js'
import { claudePage } from '../../../src/providers/claude/page.js'
import { codexPage } from '../../../src/providers/codex/page.js'
import { commandPage } from '../../../src/providers/command-page.js'
import { copilotPage } from '../../../src/providers/copilot/page.js'
import { geminiPage } from '../../../src/providers/gemini/page.js'
import { providers } from '../../../src/providers/index.js'
import { opencodePage } from '../../../src/providers/opencode/page.js'
import { piPage } from '../../../src/providers/pi/page.js'
import { qwenPage } from '../../../src/providers/qwen/page.js'
import { projectRoot } from '../rigs/program.js'
import { patternTexts } from './pattern-texts.js'
import { commandLines, list, refusal, servedTurns, variablesSet, wrapped } from './provider-command.js'

/** A provider without its part of the page does not compile. */
const pages: Readonly<Record<ProviderName, ProviderPage>> = {
  claude: claudePage,
  codex: codexPage,
  gemini: geminiPage,
  opencode: opencodePage,
  qwen: qwenPage,
  copilot: copilotPage,
  pi: piPage,
  command: commandPage,
}

/** docs/providers.md as it is, with what is between its markers made from what the code declares. */
export async function providersPage(): Promise<string> {
  const blocks = new Map([
    ['overview', overview()],
    ['statuses', statuses()],
    ...providerNames.map((name) => [name, part(providers[name], pages[name])] as const),
  ])
  let page = readFileSync(`${projectRoot}/docs/providers.md`, 'utf8')
  for (const [name, text] of blocks) {
    const block = new RegExp(`(<!-- generated: ${name} -->).*?(<!-- end -->)`, 's')
    if (!block.test(page))
      throw new Error(`docs/providers.md has no place for ${name}: <!-- generated: ${name} --><!-- end -->`)
    page = page.replace(block, (_, start: string, end: string) => `${start}\n\n${text}\n\n${end}`)
  }
  const config = JSON.parse(readFileSync(`${projectRoot}/.config/prettier.json`, 'utf8')) as prettier.Options
  return prettier.format(page, { ...config, parser: 'markdown' })
}

function overview(): string {
  const yes = (is: unknown) => (is === undefined || is === false ? '—' : 'yes')
  const rows = providerNames.map((name) => {
    const provider: Provider = providers[name]
    return [
      `[${name}](#${name})`,
      provider.program?.testedVersion ?? '—',
      yes(refusal(provider, []) === undefined),
      allowText(provider),
      yes(provider.review),
      yes(provider.resume),
      servedText(provider),
      yes(provider.tellsCost && provider.program),
    ]
  })
  const head = [
    '',
    'tested version',
    '`edit`',
    '`allow:`',
    'reviews',
    'continues a conversation',
    'as a server',
    'cost',
  ]
  return table(head, rows)
}

/** What a provider makes of `allow:` with `edit`. */
function allowText(provider: Provider): string {
  const entry = 'Bash(npm test:*)'
  if (!provider.program || refusal(provider, []) !== undefined) return '—'
  if (refusal(provider, [entry]) !== undefined) return 'refused'
  const told = (allow: readonly string[]) => provider.permitted({ permissions: 'edit', allow }).join(' ')
  if (told([]) === told([entry])) return 'no effect'
  return refusal(provider, ['WebFetch']) === undefined ? 'any tool' : 'commands in plain words'
}

function part(provider: Provider, page: ProviderPage): string {
  const { name } = provider
  const isOnlyNamed = provider.program !== undefined && !defaultProviders.includes(name)
  return [
    ...(isOnlyNamed ? [`A run uses it only if you name it (\`--provider ${name}\`).`] : []),
    facts(provider, page),
    commandLines(provider),
    ...(page.failures ? [failuresTable(page.failures)] : []),
    ...(provider.program ? [environment(provider)] : []),
  ].join('\n\n')
}

function facts(provider: Provider, page: ProviderPage): string {
  const { program, permissionNames } = provider
  const edit = provider.permitted({ permissions: 'edit', allow: [] })
  const full = provider.permitted({ permissions: 'full', allow: [] })
  const named = (name: string, permitted: readonly string[]) =>
    [`\`${name}\``, ...permitted].join(': ').replace('.: ', '. ')
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['needs', page.needs],
    ['install', program && code(program.installCommand)],
    [
      'login',
      program && [loginText(program.loginCommand), ...(page.login === undefined ? [] : [page.login])].join(', or '),
    ],
    ['tested version', program?.testedVersion],
    ['another model server', page.modelServer],
    ['`--permissions edit`', refusal(provider, []) === undefined ? named(permissionNames.edit, edit) : 'refused'],
    ['`--permissions full`', named(permissionNames.full, full)],
    ['`allow:`, with `edit`', program && allowText(provider)],
    ['as a [reviewer](gates.md#reviews)', provider.review ? page.review : '—'],
    ['continues a conversation', provider.resume ? ['yes', page.resume].filter(Boolean).join('; ') : 'no'],
    ['as a server, with `--workers`', servedText(provider)],
    ['tokens', page.tokens ?? 'not reported'],
    ['cost', program && (provider.tellsCost ? ['yes, in USD', page.cost].filter(Boolean).join(', ') : 'not reported')],
    ['a refused tool', page.refusals],
    ['final event', page.finalEvent],
  ]
  return table(
    ['', ''],
    rows.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}

/** What it does as a server; the rest gets a process for each turn. */
function servedText(provider: Provider): string {
  const served = servedTurns(provider)
  return served.length === 0 ? '—' : served.length === 3 ? 'yes' : `only ${served.join(', ')}`
}

/** `pi, and then /login` is two commands. */
function loginText(command: string): string {
  return command.split(', and then ').map(code).join(', and then ')
}

/** The words of fields, then texts; what only stderr says has a column of its own. */
function failuresTable({ fields = {}, messages, stderr, besides = {} }: NonNullable<ProviderPage['failures']>): string {
  const rows = failureKinds.flatMap((kind) => {
    const named = Object.entries(fields).flatMap(([field, table]) =>
      words(table, kind).map((word) => code(`${field}: ${word}`)),
    )
    const said = [...named, ...words(messages, kind).map(code), ...(besides[kind] === undefined ? [] : [besides[kind]])]
    const only = stderr.filter((row) => !messages.includes(row))
    const atStart = words(only, kind).map(code)
    return said.length + atStart.length === 0 ? [] : [[code(kind), said.join('; '), atStart.join('; ')]]
  })
  return table(['kind', 'what it reports', 'stderr, without a final event'], rows)
}

function words(signs: readonly Signature[] | ReadonlyMap<string, FailureKind>, kind: FailureKind): readonly string[] {
  const entries =
    'get' in signs
      ? [...signs].map(([word, means]) => [[word], means] as const)
      : signs.map(([pattern, means]) => [patternTexts(pattern), means] as const)
  return entries.flatMap(([texts, means]) => (means === kind ? texts : []))
}

/** Which statuses of a model server mean what, as ranges. */
function statuses(): string {
  const all = Array.from({ length: 500 }, (_, index) => 100 + index)
  const rows = failureKinds.flatMap((kind) => {
    const its = all.filter((status) => kindOfHttpStatus(status) === kind)
    const [first, last] = [its[0], its.at(-1)]
    if (first === undefined || last === undefined) return []
    const isRange = its.length > 2 && last - first === its.length - 1
    return [[code(kind), isRange ? `${first} to ${last}` : list(its.map(String))]]
  })
  return table(['kind', 'status of the model server'], rows)
}

function environment(provider: Provider): string {
  const groups = provider.passedVariables.map(({ names, when }) => {
    const condition = when === undefined ? '' : `, if \`${when}\` is on`
    return `${list(names.map(code))}${condition}`
  })
  return wrapped(`**Environment.** It gets ${groups.join('; ')}. ${variablesSet(provider)}`.trim().split(' '))
}

function code(text: string): string {
  return `\`${text}\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

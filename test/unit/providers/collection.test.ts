import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { FailureKind } from '../../../src/domain/agent/failure.js'
import { providers } from '../../../src/providers/index.js'
import { judgeAgent } from '../../../src/providers/judge.js'
import { eventsOf, evidenceOf, readCollected } from '../../support/rigs/recorded-stream.js'

/** Some machines have the whole collection of recorded runs beside the project; elsewhere these tests are skipped. */
const root = fileURLToPath(new URL('../../../../shared/providers/streams', import.meta.url))

/** What a scenario's name says about its outcome; everything else ended well. The first row that matches counts. */
const outcomes: readonly (readonly [RegExp, FailureKind])[] = [
  [/^(401|403|no-key|oauth-401|builtin-openai-401|retries-0)$/, 'auth'],
  [/^404$/, 'model'],
  [/^429/, 'rate_limit'],
  [/usage$|^quota$/, 'usage_limit'],
  [/^(500|529|retries-1|fallback-model)$/, 'overloaded'],
  [/^(api|idle)-timeout$/, 'timeout'],
  [/^(noserver|garbage|cut)$/, 'network'],
  [/^context$/, 'context'],
  [/^max-turns/, 'turn_limit'],
  [/^max-budget/, 'budget'],
  [/^(bad-flag|perm-(bypass|skip)-root|perm-full-auto|stream-json-no-verbose)$/, 'usage'],
  [/^(400|sig|no-prompt|format-text|never|stall|idle-timeout-never)/, 'crash'],
]

/** Where a CLI differs from what the name says; `ok` is success. */
const exceptions: Readonly<Record<string, FailureKind | 'ok'>> = {
  // The CLI itself takes a partial answer for a whole one; only the tree shows it.
  'claude/cut': 'ok',
  // With an API key a used-up allowance looks like any 429.
  'claude/usage': 'rate_limit',
  'claude-2.1.197/usage': 'rate_limit',
  'claude/resume.5': 'session_lost',
  'claude/session-id-reuse.2': 'session_lost',
  'codex/resume.4': 'session_lost',
  'codex/not-git': 'crash',
  // It waited forever and was killed.
  'codex/429-long': 'crash',
  'codex/noserver': 'crash',
  'codex/stdin-open-prompt-in-argv': 'crash',
  'codex/retries-0': 'overloaded',
  // A limit of an hour is an allowance.
  'gemini/429-long': 'usage_limit',
  // Without an answer there is nothing to continue with.
  'gemini/empty': 'crash',
  // Its own time for a request was up, and it tried again.
  'gemini/never': 'network',
  // It took equal calls for a loop.
  'gemini/tools5': 'unfinished',
  'gemini/no-auth': 'auth',
  'gemini/base-url-without-settings': 'auth',
  'gemini/no-skip-trust': 'usage',
  'gemini/resume.4': 'session_lost',
  // It ignored the signal, and its launcher did for it.
  'gemini/acp': 'crash',
  'gemini/acp-nofs': 'crash',
  // Other formats than the one that is read here.
  'gemini/format-json': 'crash',
  'gemini/format-json-400': 'crash',
  'gemini/norelaunch-sigint-model': 'crash',
  'gemini/norelaunch-sigterm-model': 'crash',
  'gemini/norelaunch-sigterm-tool': 'crash',
  // Another protocol than the one that is read here.
  'codex/app-server': 'crash',
  // A command that this version no longer has; it takes the word for a prompt and wants a terminal.
  'codex/mcp-server': 'usage',
}

const folders = [
  ['claude', 'claude'],
  ['claude', 'claude-2.1.197'],
  ['codex', 'codex'],
  ['codex', 'codex-native'],
  ['gemini', 'gemini'],
] as const

const runs = folders.flatMap(([name, folder]) =>
  existsSync(`${root}/${folder}`)
    ? readdirSync(`${root}/${folder}`)
        .filter((file) => file.endsWith('.meta.json'))
        .map((file) => ({ name, folder, scenario: file.slice(0, -'.meta.json'.length) }))
    : [],
)

function expected(folder: string, scenario: string): FailureKind | 'ok' {
  const exception = exceptions[`${folder}/${scenario}`]
  return exception ?? outcomes.find(([pattern]) => pattern.test(scenario))?.[1] ?? 'ok'
}

describe.skipIf(runs.length === 0)('the whole collection of recorded streams', () => {
  it.each(runs)('$folder, $scenario: ends as its name says', ({ name, folder, scenario }) => {
    const stream = readCollected(`${root}/${folder}`, scenario)
    const evidence = evidenceOf(providers[name], stream)
    const judged = judgeAgent(providers[name], { exit: stream.exit, evidence, stderrTail: stream.stderr })
    expect(judged?.kind ?? 'ok').toBe(expected(folder, scenario))
  })

  it('reports every denial that the final event counts', () => {
    const differing = runs.filter(({ name, folder, scenario }) => {
      const stream = readCollected(`${root}/${folder}`, scenario)
      const counted = stream.lines.some((line) => /"permission_denials":\[\{|Path not in workspace/.test(line))
      const told = eventsOf(providers[name], stream).some((event) => event.type === 'denied')
      return counted !== told
    })
    expect(differing).toEqual([])
  })
})

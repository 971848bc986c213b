import { describe, expect, it } from 'vitest'
import { isFinal, noEvidence, applyAgentEvent, type EndReason } from '../../../../src/domain/agent/attempt.js'
import { providers } from '../../../../src/providers/index.js'
import { judgeAgent } from '../../../../src/providers/judge.js'
import { evidenceOf, readStream } from '../../../support/rigs/recorded-stream.js'

describe('recorded streams with background work', () => {
  it.each<[name: 'claude' | 'codex', scenario: string, ended: EndReason | undefined, kind: string | undefined]>([
    ['claude', 'bg-ends-by-itself', undefined, undefined],
    ['claude', 'bg-foreground-limit', undefined, undefined],
    ['claude', 'bg-stopped-by-agent', undefined, undefined],
    ['claude', 'bg-deadline', undefined, undefined],
    ['claude', 'bg-agent', undefined, undefined],
    ['claude', 'wakeup', undefined, undefined],
    ['claude', 'wakeup-cron-off', undefined, 'unfinished'],
    ['claude', 'bg-agent-ceiling', undefined, 'unfinished'],
    ['claude', 'bg-agent-sigterm', undefined, 'unfinished'],
    ['claude', 'bg-server-sigint', undefined, 'unfinished'],
    ['claude', 'bg-server-sigterm', undefined, 'unfinished'],
    ['claude', 'bg-server-sigterm', 'background_timeout', 'unfinished'],
    ['codex', 'bg-command', undefined, 'unfinished'],
  ])('%s, %s, ended by %s: %s', (name, scenario, ended, kind) => {
    const provider = providers[name]
    const stream = readStream(name, scenario)
    const evidence = evidenceOf(provider, stream)
    const end = { exit: stream.exit, evidence, stderrTail: '', ...(ended === undefined ? {} : { ended }) }
    expect(judgeAgent(provider, end)?.kind).toBe(kind)
  })

  it('name what was left, in the words of the CLI', () => {
    const end = (name: 'claude' | 'codex', scenario: string) => {
      const stream = readStream(name, scenario)
      const evidence = evidenceOf(providers[name], stream)
      return judgeAgent(providers[name], { exit: stream.exit, evidence, stderrTail: '' })?.detail
    }
    expect(end('claude', 'bg-server-sigint')).toBe('dev server')
    expect(end('claude', 'bg-agent-ceiling')).toBe('sub')
    expect(end('codex', 'bg-command')).toBe('tail -f README.md')
    expect(end('claude', 'wakeup-cron-off')).toMatch(/^a wake-up at 2026-11-28T18:0/)
  })

  it('are read even if a wake-up is for a time that no calendar has: there is no such wake-up', () => {
    const stream = readStream('claude', 'wakeup-cron-off')
    const lines = stream.lines.map((line) => line.replace(/"scheduledFor":\d+/, '"scheduledFor":1e300'))
    expect(lines).not.toEqual(stream.lines)
    const evidence = evidenceOf(providers.claude, { ...stream, lines })
    expect(judgeAgent(providers.claude, { exit: stream.exit, evidence, stderrTail: '' })).toBeUndefined()
  })

  it('show no final event before the last turn has ended', () => {
    const { lines } = readStream('claude', 'bg-ends-by-itself')
    let evidence = noEvidence
    const finals = lines.map((line) => {
      evidence = providers.claude.readLine(line).reduce(applyAgentEvent, evidence)
      return isFinal(evidence)
    })
    const results = lines.flatMap((line, at) => (line.includes('"type":"result"') ? [at] : []))
    expect(results).toHaveLength(2)
    expect(finals[results[0]!]).toBe(false)
    expect(finals[results[1]!]).toBe(true)
  })
})

import { describe, expect, it } from 'vitest'
import { editPolicy, reviewPolicy } from '../../../../src/providers/gemini/policy.js'

/** The rules of a policy, as gemini would read them. */
function rulesOf(policy: string): readonly Readonly<Record<string, unknown>>[] {
  return policy.split('[[rule]]\n').flatMap((block) => {
    const lines = block.split('\n').filter((line) => line !== '')
    const pairs = lines.map((line) => line.split(' = ')).map(([key, value]) => [key, JSON.parse(value!) as unknown])
    return pairs.length === 0 ? [] : [Object.fromEntries(pairs) as Readonly<Record<string, unknown>>]
  })
}

/** Whether a rule permits the command, as gemini compares it: with the arguments of the call as JSON. */
function permits(policy: string, command: string): boolean {
  return rulesOf(policy).some(
    ({ commandRegex, decision }) =>
      decision === 'allow' &&
      typeof commandRegex === 'string' &&
      new RegExp(`"command":"${commandRegex}`).test(JSON.stringify({ command })),
  )
}

describe('the policy of an agent that edits', () => {
  it.each([
    ['Bash(npm test:*)', 'npm test', true],
    ['Bash(npm test:*)', 'npm test -- --run a.test.ts', true],
    ['Bash(npm test:*)', 'npm testing', false],
    ['Bash(npm test:*)', 'sh -c "npm test"', false],
    ['Bash(git status)', 'git status', true],
    ['Bash(git status)', 'git status --short', false],
    ['Bash(./a.sh)', './a.sh', true],
    ['Bash(./a.sh)', './aash', false],
    ['Bash(g++ a.cc)', 'g++ a.cc', true],
  ])('with %s permits %j: %s', (entry, command, expected) => {
    expect(permits(editPolicy([entry]), command)).toBe(expected)
  })

  it('permits no command without an entry, and denies what no rule permits', () => {
    expect(permits(editPolicy([]), 'ls')).toBe(false)
    const rules = rulesOf(editPolicy([]))
    const [last] = rules.toSorted((a, b) => Number(a.priority) - Number(b.priority))
    expect(last).toEqual({ toolName: '*', decision: 'deny', priority: 950 })
  })

  it.each([
    ['.gemini/settings.json', true],
    ['/ws/.gemini/settings.json', true],
    ['/ws/.GEMINI/x', true],
    ['/ws/a/../.gemini', true],
    ['/ws/my.gemini/x', false],
    ['/ws/gemini/x', false],
  ])('protects the file %s: %s', (path, expected) => {
    const args = JSON.stringify({ content: '', file_path: path })
    const denies = rulesOf(editPolicy([])).some(
      ({ argsPattern }) => typeof argsPattern === 'string' && new RegExp(argsPattern).test(args),
    )
    expect(denies).toBe(expected)
  })
})

describe('the policy of a reviewer', () => {
  it.each([
    ['git diff 0123abc HEAD', true],
    ['git diff 0123abc HEAD --stat -- hello.txt', true],
    ['git log --oneline -5', true],
    ['git status', true],
    ['git diff --output=/tmp/x', false],
    ['git log --outp x', false],
    ['git diff HEAD | tee x', false],
    ['git commit -m x', false],
    ['touch x', false],
  ])('permits %j: %s', (command, expected) => {
    expect(permits(reviewPolicy(), command)).toBe(expected)
  })

  it('offers no tool that writes', () => {
    expect(reviewPolicy()).not.toMatch(/write_file|replace/)
  })
})

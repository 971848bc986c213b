import { expect, test } from 'vitest'
import { offLimits } from '../../../../src/domain/roadmap/off-limits.js'

const strict = offLimits(['docs/prompt.md'], { agentsMayConfigure: false })
const open = offLimits(['docs/prompt.md'], { agentsMayConfigure: true })

test.each([
  ...['autopilot.yaml', 'autopilot.yml', '.autopilot.json', 'Autopilot.TOML', 'autopilot.yaml/x', 'docs/prompt.md'],
  ...['.claude', '.claude/settings.json', '.claude/settings.local.json', '.claude/hooks/x.sh', '.claude/agents/a.md'],
  ...['.CLAUDE/Settings.json', 'packages/a/.claude/skills/s/SKILL.md', '.mcp.json', 'packages/a/.mcp.json'],
  ...['.codex/config.toml', '.codex', 'opencode.json', '.gemini/settings.json', '.cursor/mcp.json', '.vscode/mcp.json'],
  ...['.opencode/plugin/x.js', '.pi/settings.json', '.github/hooks/x.json', '.github/agents/a.agent.md'],
])('%s is off limits, unless agents may configure', (path) => {
  expect([strict.covers(path), open.covers(path)]).toEqual([true, false])
})

test.each(['.autopilot/runs/x/journal.jsonl', '.autopilot', '.AUTOPILOT/x'])('%s is always off limits', (path) => {
  expect([strict.covers(path), open.covers(path)]).toEqual([true, true])
})

test.each([
  ...['CLAUDE.md', 'AGENTS.md', '.claude/CLAUDE.md', '.claude/rules/x.md', 'docs/autopilot.yaml', 'src/settings.json'],
  ...['autopilot.ts', '.vscode/settings.json', '.cursor/rules/x.mdc', 'mcp.json', 'docs/prompt.md.bak', '.codexrc'],
])('%s is a file like any other', (path) => {
  expect(strict.covers(path)).toBe(false)
})

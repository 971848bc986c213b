import { describe, expect, it } from 'vitest'
import { isCi } from '../../../../src/domain/process/environment.js'
import { providers } from '../../../../src/providers/index.js'

const { claude, codex, opencode, qwen, copilot, pi } = providers

describe("a CLI's version", () => {
  it.each([
    [claude, '2.1.330 (Claude Code)', '2.1.330'],
    [claude, 'Update available: 2.1.330 -> 2.1.400\n2.1.330 (Claude Code)\n', '2.1.330'],
    [claude, 'A new version is available:\n2.1.400\n\u001b[1m2.1.330 (Claude Code)\u001b[0m', '2.1.330'],
    [claude, '2.1.330\n', '2.1.330'],
    [codex, 'codex-cli 0.169.0', '0.169.0'],
    [codex, 'run npm install -g @openai/codex@0.180.0 to update\ncodex-cli 0.169.0-alpha.1\n', '0.169.0-alpha.1'],
    [opencode, '1.18.33\n', '1.18.33'],
    [qwen, '0.24.4\n', '0.24.4'],
    [pi, '0.73.1\n', '0.73.1'],
    [copilot, "GitHub Copilot CLI 1.0.102.\nRun 'copilot update' to check for updates.\n", '1.0.102'],
    [codex, 'Codex CLI, build 7 of version 1.2.3', '1.2.3'],
  ])('of $name is in the first line that looks like its own: %s', (provider, stdout, version) => {
    expect(provider.program?.parseVersion(stdout)).toBe(version)
  })

  it('is not in a notice of an update alone', () => {
    expect(claude.program?.parseVersion('Update available!\nGet 2.1.400 now\n')).toBeUndefined()
  })
})

describe('CI', () => {
  it.each(['1', 'true', 'yes', 'woodpecker'])('is what CI=%s says', (CI) => expect(isCi({ CI })).toBe(true))
  it.each([undefined, '', '0', 'false', 'False', 'no', 'off'])('is not what CI=%s says', (CI) => {
    expect(isCi({ CI })).toBe(false)
  })
})

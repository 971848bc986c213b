import { describe, expect, it } from 'vitest'
import type { ExitStatus } from '../../../src/domain/agent/attempt.js'
import { detectProvider, tryEnforcer, type Capture } from '../../../src/providers/detect.js'
import { providers } from '../../../src/providers/index.js'

const fine: ExitStatus = { type: 'code', code: 0 }

function answering(stdout: string, exit: ExitStatus = fine, stderr = ''): { capture: Capture; calls: unknown[] } {
  const calls: unknown[] = []
  return { calls, capture: (...call) => (calls.push(call), Promise.resolve({ exit, stdout, stderr })) }
}

describe('detectProvider', () => {
  it('asks for the version in the environment of the agent, for 15 s', async () => {
    const { capture, calls } = answering('2.1.332 (Claude Code)\n')
    const detection = await detectProvider(providers.claude, capture, { env: { PATH: '/bin' } })
    expect(detection).toEqual({ usable: true, version: '2.1.332', tested: true })
    expect(calls).toEqual([['claude', ['--version'], { timeoutMs: 15_000, env: { PATH: '/bin' } }]])
  })

  it('says that a version is not the tested one', async () => {
    const detection = await detectProvider(providers.codex, answering('codex-cli 0.170.0-alpha.1').capture, { env: {} })
    expect(detection).toEqual({ usable: true, version: '0.170.0-alpha.1', tested: false })
  })

  it('finds the version where the CLI prints it', async () => {
    const ofPi = await detectProvider(providers.pi, answering('', fine, '0.73.1\n').capture, { env: {} })
    expect(ofPi).toEqual({ usable: true, version: '0.73.1', tested: true })
    const ofClaude = await detectProvider(providers.claude, answering('', fine, '2.1.332\n').capture, { env: {} })
    expect(ofClaude.usable).toBe(false)
  })

  it('does not start anything for a shell command', async () => {
    const { capture, calls } = answering('')
    expect(await detectProvider(providers.command, capture, { env: {} })).toEqual({ usable: true, tested: true })
    expect(calls).toEqual([])
  })

  it.each<[string, ExitStatus, string, string, RegExp]>([
    ['is missing', { type: 'not_started', message: 'not found' }, '', '', /not found/],
    [
      'does not answer',
      { type: 'not_started', message: 'no answer within 15000 ms' },
      '',
      '',
      /no answer within 15000 ms/,
    ],
    ['is killed', { type: 'signal', signal: 'SIGKILL' }, '2.1.332', '', /SIGKILL/],
    ['fails', { type: 'code', code: 1 }, '2.1.332', 'boom\u001b[31m\n', /exit code 1.*boom$/],
    ['prints something else', fine, 'hello', '', /hello/],
    ['prints nothing', fine, '', '', /claude --version/],
  ])('says what to do when the program %s', async (_, exit, stdout, stderr, reason) => {
    const detection = await detectProvider(providers.claude, answering(stdout, exit, stderr).capture, { env: {} })
    expect(detection).toEqual({
      usable: false,
      reason: expect.stringMatching(reason) as string,
      help: expect.stringMatching(/npm install .*claude auth login/) as string,
    })
  })
})

describe('tryEnforcer', () => {
  it('tries what enforces the permissions, and says what to do where it does not work', async () => {
    const { capture, calls } = answering('')
    expect(await tryEnforcer(providers.qwen, 'edit', capture, { PATH: '/bin' })).toBeUndefined()
    expect(calls).toMatchObject([
      ['/usr/bin/bwrap', expect.arrayContaining(['--unshare-net']), { env: { PATH: '/bin' } }],
    ])
    const refused = answering('', { type: 'code', code: 1 }, 'bwrap: No permissions to create new namespace\n')
    expect(await tryEnforcer(providers.qwen, 'edit', refused.capture, {})).toEqual({
      usable: false,
      reason: expect.stringMatching(/limited to edit here.*No permissions to create new namespace/) as string,
      help: expect.stringContaining('permissions: {qwen: full}') as string,
    })
  })

  it('tries nothing where nothing is restricted, or the CLI does it alone', async () => {
    const { capture, calls } = answering('')
    expect(await tryEnforcer(providers.qwen, 'full', capture, {})).toBeUndefined()
    expect(await tryEnforcer(providers.claude, 'edit', capture, {})).toBeUndefined()
    expect(calls).toEqual([])
  })
})

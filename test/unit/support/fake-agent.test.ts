import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startRun } from '../../support/rigs/process-run.js'
import { startRig, type AgentRig } from '../../support/fakes/fake-agent.js'

let rig: AgentRig
beforeEach(async () => {
  rig = await startRig()
})
afterEach(() => rig.close())

const bareEnv = { PATH: '/nowhere' }

it('a fake agent starts from a shell command line with next to no environment', async () => {
  const run = startRun(rig, { file: '/bin/sh', args: ['-c', rig.command("it's")], env: bareEnv })
  const agent = await rig.next("it's")
  expect(agent.pid).toBe(run.pid)
  expect(rig.living()).toEqual(["it's"])
  await agent.exit(3)
  expect(await run.exited).toEqual({ type: 'code', code: 3 })
  expect(rig.living()).toEqual([])
})

it('an installed program prints its version and is otherwise a fake agent with the arguments it was given', async () => {
  rig.install('claude', { version: '2.1.332 (Claude Code)' })
  const file = join(rig.binDir, 'claude')
  expect(execFileSync(file, ['--version'], { encoding: 'utf8' })).toBe('2.1.332 (Claude Code)\n')
  const run = startRun(rig, { file, args: ['-p', '--output-format', 'stream-json'], env: bareEnv, input: 'do it' })
  const agent = await rig.next('claude')
  expect(agent.args).toEqual(['-p', '--output-format', 'stream-json'])
  expect(await agent.stdin).toBe('do it')
  await agent.say('{"type":"result"}')
  await agent.exit()
  await run.finished
  expect(run.stdout).toEqual(['{"type":"result"}'])
})

it('agents are handed out by name, whatever the order they started in', async () => {
  const [second, first] = [rig.next('two'), rig.next('one')]
  startRun(rig, rig.argv('one'))
  startRun(rig, rig.argv('two'))
  expect((await first).name).toBe('one')
  expect((await second).name).toBe('two')
  expect([...rig.started].sort()).toEqual(['one', 'two'])
})

it('an agent writes files, reads them and runs git where it works', async () => {
  startRun(rig, { env: { PATH: process.env.PATH ?? '' } })
  const agent = await rig.next()
  await agent.git('init', '-q', '-b', 'main')
  await agent.write('deep/file.txt', 'text\n')
  await agent.git('add', '-A')
  await agent.git('commit', '-q', '-m', 'made by the agent')
  expect(await agent.git('log', '--format=%s')).toBe('made by the agent')
  expect(readFileSync(join(rig.dir, 'deep/file.txt'), 'utf8')).toBe('text\n')
  expect(await agent.read('deep/file.txt')).toBe('text\n')
  await agent.remove('deep')
  expect(existsSync(join(rig.dir, 'deep'))).toBe(false)
  await expect(agent.git('no-such-command')).rejects.toThrow('no-such-command')
})

it('closing the rig ends its agents, and rejects whoever still waits for one', async () => {
  const run = startRun(rig)
  await rig.next()
  const never = rig.next('never')
  await rig.close()
  await expect(never).rejects.toThrow('No fake agent never has started.')
  expect(await run.exited).toEqual({ type: 'code', code: 1 })
})

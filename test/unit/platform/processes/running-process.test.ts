import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { launch, type Launched } from '../../../../src/platform/processes/launching/launch.js'
import { identify } from '../../../../src/platform/processes/table/process-identity.js'
import { OpenInput } from '../../../../src/platform/streams/open-input.js'
import { SinkSwitch } from '../../../../src/platform/streams/sink.js'
import { MaskedFile } from '../../../../src/platform/streams/masked-file.js'
import { createMask } from '../../../../src/domain/secrets/mask.js'
import { defer } from '../../../support/fakes/agent-connection.js'
import { launchedBy } from '../../../support/rigs/launchers.js'
import { startGroupBy, startRun } from '../../../support/rigs/process-run.js'
import type { AgentRig } from '../../../support/fakes/fake-agent.js'
import { until } from '../../../support/rigs/until.js'
import type { SpawnedProcess } from '../../../../src/domain/process/stray.js'

describe.each(launchedBy)('launched by $by', ({ open }) => {
  let rig: AgentRig
  startGroupBy(open, (fresh) => (rig = fresh))

  describe('starting an agent', () => {
    it('gives it its arguments, directory and environment, and nothing of its own', async () => {
      const { file, args } = rig.argv('agent')
      const run = startRun(rig, { args: [...args, 'one', 'two words'], env: { ONLY: 'this' } })
      const agent = await rig.next()
      expect(agent).toMatchObject({ name: 'agent', args: ['one', 'two words'], cwd: rig.dir, pid: run.pid })
      // A shell adds PWD and its kin by itself.
      const names = Object.keys(agent.env).filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
      expect(names).toEqual(['ONLY'])
      expect(agent.env.ONLY).toBe('this')
      await agent.exit()
      expect(file).toBe(process.execPath)
    })

    it('closes its stdin after the prompt, so that an agent that reads to the end gets exactly that', async () => {
      const prompt = `línea\r\n${'x'.repeat(300_000)}\nlast, without a line feed`
      startRun(rig, { input: prompt })
      const agent = await rig.next()
      expect(await agent.stdin).toBe(prompt)
    })

    it('closes its stdin when there is no prompt', async () => {
      startRun(rig)
      const agent = await rig.next()
      expect(await agent.stdin).toBe('')
    })

    it('does not mind if an agent ends without having read its prompt', async () => {
      const run = startRun(rig, { file: '/bin/sh', args: ['-c', 'exit 0'], input: 'x'.repeat(5_000_000) })
      expect(await run.finished).toEqual({ exit: { type: 'code', code: 0 }, stderrTail: '' })
    })
  })

  describe('an input that stays open', () => {
    it('is given what was said before it began, then each word as it is said, and its end when that is wanted', async () => {
      const input = new OpenInput()
      input.say('one\n')
      startRun(rig, { input })
      const agent = await rig.next()
      expect(await agent.line()).toBe('one')
      input.say('two\n')
      expect(await agent.line()).toBe('two')
      input.close()
      input.say('three\n')
      expect(await agent.stdin).toBe('one\ntwo\n')
    })

    it('tells how much has not been read, and does not mind an agent that ends without reading it', async () => {
      const input = new OpenInput()
      const run = startRun(rig, { input, file: '/bin/sh', args: ['-c', 'read -r line; exit 3'] })
      input.say(`${'x'.repeat(5_000_000)}\n`)
      expect(input.waitingBytes).toBeGreaterThan(4_000_000)
      run.end('canceled')
      await run.finished
      input.say('more\n')
      input.close()
    })

    it('is closed when it is wanted closed, whatever other processes have been started since', async () => {
      const [one, other] = [new OpenInput(), new OpenInput()]
      const run = startRun(rig, { input: one, ...rig.argv('one') })
      const first = await rig.next('one')
      startRun(rig, { input: other, ...rig.argv('other') })
      const second = await rig.next('other')
      one.close()
      expect(await first.stdin).toBe('')
      await first.exit()
      await run.finished
      other.close()
      expect(await second.stdin).toBe('')
    })
  })

  describe('before it begins', () => {
    it('waits until its process has been made known', async () => {
      const known = defer<undefined>()
      const seen: SpawnedProcess[] = []
      const run = startRun(rig, {
        onSpawned: (process) => {
          seen.push(process)
          return known.promise
        },
      })
      await until(() => seen.length === 1, 'the process is told of')
      expect(seen[0]).toEqual(await identify(run.pid!))
      expect(rig.started).toEqual([])
      known.resolve(undefined)
      const agent = await rig.next()
      expect(agent.pid).toBe(run.pid)
      // The program is the same process, as its start time shows.
      expect(await identify(agent.pid)).toEqual(seen[0])
      await agent.exit(3)
      expect(await run.exited).toEqual({ type: 'code', code: 3 })
    })

    it('never reaches its program if it is ended first', async () => {
      const known = defer<undefined>()
      const run = startRun(rig, { onSpawned: () => known.promise })
      run.end('canceled')
      known.resolve(undefined)
      expect(await run.finished).toMatchObject({ ended: 'canceled' })
      expect(rig.started).toEqual([])
    })

    it.each([
      ['a program', ['touch', 'ran']],
      ['a command line', ['/bin/sh', '-c', 'touch ran']],
    ])('ends by itself, with %s not run, when nobody is left to let it begin', async (_, [file, ...args]) => {
      const env = { PATH: process.env.PATH ?? '' }
      const launched = launch({ file: file!, args, cwd: rig.dir, env }) as Launched
      launched.refuse()
      expect(await launched.ended).toEqual({ type: 'code', code: 125 })
      expect(existsSync(join(rig.dir, 'ran'))).toBe(false)
    })

    it('passes on variables whose names a shell cannot write', async () => {
      const env = { PATH: process.env.PATH ?? '', 'odd.name': 'a b', go: 'my own', autopilot: '1' }
      startRun(rig, { env })
      const agent = await rig.next()
      expect(agent.env).toMatchObject(env)
      await agent.exit()
    })

    it('leaves a command line as it is: one shell, its own variables, no further descriptor', async () => {
      // Asked without a pipeline, for which the shell would open descriptors of its own.
      const third = 'if [ -e /proc/$$/fd/3 ]; then echo open; else echo closed; fi'
      const script = `echo "$0 $# \${autopilot_go-none} $PWD \${OLDPWD-none}"; ${third}; : "\n"; echo "$(cat)"`
      const run = startRun(rig, { file: '/bin/sh', args: ['-c', script], input: 'from stdin' })
      await run.finished
      expect(run.stdout[0]).toBe(`/bin/sh 0 none ${rig.dir} none`)
      expect(run.stdout.at(-1)).toMatch(/from stdin$/)
      expect(run.stdout[1]).toBe('closed')
    })
  })

  describe('the exit status', () => {
    it('is the exit code', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      await agent.complain('what went wrong', 'and why')
      await agent.exit(7)
      expect(await run.exited).toEqual({ type: 'code', code: 7 })
      expect(await run.finished).toEqual({
        exit: { type: 'code', code: 7 },
        stderrTail: 'what went wrong\nand why',
      })
    })

    it('is the signal that ended it', async () => {
      const run = startRun(rig)
      await (await rig.next()).die('SIGKILL')
      expect(await run.exited).toEqual({ type: 'signal', signal: 'SIGKILL' })
    })

    it.each([
      ['the program does not exist', { file: '/nowhere/agent', args: [] }],
      ['the directory does not exist', { cwd: '/nowhere' }],
    ])('says so when %s', async (_, change) => {
      const run = startRun(rig, change)
      expect(run.pid).toBeUndefined()
      expect(await run.exited).toEqual({
        type: 'not_started',
        message: 'The program or its working directory does not exist.',
      })
      expect(await run.finished).toMatchObject({ exit: { type: 'not_started' }, stderrTail: '' })
    })

    it('says so when the program may not be executed', async () => {
      const file = join(rig.dir, 'plain.txt')
      writeFileSync(file, 'not a program\n')
      chmodSync(file, 0o600)
      const run = startRun(rig, { file, args: [] })
      expect(await run.exited).toEqual({ type: 'not_started', message: 'The program is not executable.' })
      run.end('canceled')
      expect(await run.finished).toEqual({ exit: await run.exited, stderrTail: '' })
    })

    it.each([
      ['an argument holds a NUL character', ['\0']],
      ['an argument is longer than the system takes', ['x'.repeat(3_000_000)]],
    ])('says so when %s', async (_, args) => {
      const run = startRun(rig, { args })
      expect(await run.exited).toMatchObject({ type: 'not_started' })
      expect(await run.finished).toMatchObject({ exit: { type: 'not_started' } })
    })
  })

  describe('output', () => {
    it('arrives line by line while the agent lives, and whole in files that only the user can read', async () => {
      const run = startRun(rig)
      const agent = await rig.next()
      await agent.say('first', 'second')
      await agent.complain('third')
      await agent.print('unfinished')
      await agent.exit()
      await run.finished
      expect(run.stdout).toEqual(['first', 'second', 'unfinished'])
      expect(run.stderr).toEqual(['third'])
      expect(readFileSync(run.stdoutFile, 'utf8')).toBe('first\nsecond\nunfinished')
      expect(readFileSync(run.stderrFile, 'utf8')).toBe('third\n')
      expect([run.stdoutFile, run.stderrFile].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
    })

    it('is reported in brief and remembered by its end if only the latest lines are wanted', async () => {
      const script = "yes | head -c 4000000; seq -f 'complaint %g' 3000 >&2"
      const run = startRun(rig, {
        wantedLines: 'latest',
        file: '/bin/sh',
        args: ['-c', script],
        maxFileBytes: 5_000_000,
      })
      const { stderrTail } = await run.finished
      expect(run.stdout.length).toBeLessThan(200_000)
      expect(run.stdout.at(-1)).toBe('y')
      expect(statSync(run.stdoutFile).size).toBe(4_000_000)
      expect(run.stderr.at(-1)).toBe('complaint 3000')
      expect(stderrTail.length).toBeLessThanOrEqual(16 * 1024)
      expect(stderrTail.split('\n').at(-1)).toBe('complaint 3000')
      expect(stderrTail.split('\n')[0]).toMatch(/^complaint \d+$/)
    })

    it('goes into one file after the other where a sink is turned from one to the next, and nowhere in between', async () => {
      const sink = new SinkSwitch()
      const fileOf = (name: string) =>
        new MaskedFile({ path: join(rig.dir, name), maxBytes: 1_000_000, mask: createMask(['s3cret-value']) })
      const [one, other] = [fileOf('one'), fileOf('other')]
      const run = startRun(rig, { stdoutFile: sink })
      const agent = await rig.next()
      const saw = (count: number) => until(() => run.stdout.length === count, `${count} lines`)
      sink.turnTo(one)
      await agent.say('first s3cret-value')
      await saw(1)
      sink.turnTo(undefined)
      await one.close()
      await agent.say('between')
      await saw(2)
      sink.turnTo(other)
      await agent.say('second')
      await agent.exit()
      await run.finished
      await other.close()
      expect(run.stdout).toEqual(['first s3cret-value', 'between', 'second'])
      expect(readFileSync(join(rig.dir, 'one'), 'utf8')).toBe('first ***\n')
      expect(readFileSync(join(rig.dir, 'other'), 'utf8')).toBe('second\n')
    })

    it('is told of when a line has become too long, although its end never comes', async () => {
      let longLines = 0
      const input = new OpenInput()
      const script = "head -c 17000000 /dev/zero | tr '\\0' x; read -r line"
      const run = startRun(rig, { file: '/bin/sh', args: ['-c', script], input, onLongLine: () => longLines++ })
      await until(() => longLines === 1, 'the line is too long')
      expect(run.stdout).toEqual([])
      input.close()
      await run.finished
      expect(longLines).toBe(1)
    })

    it('is seen whole and stored up to the cap when an agent prints 30 MB, without a warning of the runtime', async () => {
      const warnings: Error[] = []
      const onWarning = (warning: Error) => warnings.push(warning)
      process.on('warning', onWarning)
      let lines = 0
      const run = startRun(rig, { onStdoutLine: () => lines++, maxFileBytes: 20_000_000 })
      const agent = await rig.next()
      await agent.flood('x'.repeat(99), 300_000)
      await agent.exit()
      await run.finished
      process.off('warning', onWarning)
      const note = '\n[autopilot: the file is full; the rest is dropped]\n'
      expect(lines).toBe(300_000)
      expect(statSync(run.stdoutFile).size).toBe(20_000_000 + note.length)
      expect(readFileSync(run.stdoutFile, 'utf8').endsWith(note)).toBe(true)
      expect(warnings).toEqual([])
    })
  })
})

// What a person at a terminal sees of a whole run, in a real one (tmux).
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { programFile } from '../../support/rigs/program.js'
import { hasTmux, startTmux } from '../../support/rigs/tmux.js'
import { until } from '../../support/rigs/until.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

/**
 * What the shell does that stands behind the terminal, and stays: where no program is left, tmux hides the cursor. `"$@"` is
 * the run.
 */
const jobs = {
  foreground: 'trap : INT; "$@"; echo "ended with $?"; read -r line',
  background: 'set -m; "$@" & wait $!; echo "ended with $?"; read -r line',
  stopped: 'set -m; trap : INT; "$@"; echo "stopped"; read -r line; fg; echo "ended with $?"; read -r line',
}

/** A run of three tasks on two slots in a terminal, whose agents wait for the test's word. */
async function runInTmux(
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  job: keyof typeof jobs = 'foreground',
) {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b', 'c']) })
  const pidFile = stage.repo.beside('pid')
  const run = [process.execPath, programFile, 'run', '-a', '2', ...flags]
  const known = ['/bin/sh', '-c', 'echo $$ >"$0"; exec "$@"', pidFile, ...run]
  const command = ['/bin/sh', '-c', jobs[job], 'sh', ...known]
  const tmux = startTmux([80, 24], command, { cwd: stage.repo.dir, env: { ...stage.env, ...env } })
  const first = [await agents.next('a'), await agents.next('b')]
  const shows = (text: string) => until(() => tmux.screen().some((line) => line.includes(text)), text)
  const pid = () => Number(readFileSync(pidFile, 'utf8'))
  return { tmux, stage, first, agents, shows, pid }
}

const withTmux = describe.skipIf(!hasTmux)

withTmux('on a terminal (in tmux, which must be installed)', () => {
  test('a run has a screen while it is at work, and its summary stands where the screen was', async () => {
    const { tmux, stage, first, agents, shows } = await runInTmux()
    await shows('Queue: 1 waiting | 2 busy | 0 idle')
    await shows('Tasks: 0 done | 0 failed | 0 held | 3 in all')
    expect(tmux.cursorVisible).toBe(false)
    expect(tmux.coloured()).toMatch(/\u001b\[\d+m/)
    for (const [index, agent] of first.entries()) {
      await agent.write(`file-${index}`, '')
      await agent.exit(0)
    }
    const last = await agents.next('c')
    await last.write('file-c', '')
    await last.exit(0)
    await shows('ended with 0')
    await shows('Done        3 of 3 tasks')
    await until(() => tmux.cursorVisible, 'the cursor is back')
    expect(tmux.all().join('\n')).not.toContain('Queue:')
    expect(tmux.all().filter((line) => /^✔ \d\d:\d\d:\d\d [abc] integrated/.test(line))).toHaveLength(3)
    expect(stage.subjects()).toHaveLength(3)
  })

  test('Ctrl-C leaves the terminal as it was, with the summary', async () => {
    const { tmux, shows } = await runInTmux()
    await shows('Queue: 1 waiting | 2 busy | 0 idle')
    tmux.type('C-c')
    await shows('ended with 130')
    await until(() => tmux.cursorVisible, 'the cursor is back')
    expect(tmux.all().join('\n')).not.toContain('Queue:')
  })

  test('NO_COLOR drops the colours alone, and --ui plain the screen', async () => {
    const colourless = await runInTmux([], { NO_COLOR: '1' })
    await colourless.shows('Tasks: 0 done | 0 failed | 0 held | 3 in all')
    expect(colourless.tmux.coloured()).not.toMatch(/\u001b\[[\d;]*m/)
    const plain = await runInTmux(['--ui', 'plain'])
    await plain.shows('Queue: 1 waiting | 2 busy | 0 idle')
    expect(plain.tmux.screen().join('\n')).not.toContain('Tasks:')
    expect(plain.tmux.cursorVisible).toBe(true)
  })

  test('in CI there are lines, unless the screen is asked for', async () => {
    const inCi = await runInTmux([], { CI: 'true' })
    await inCi.shows('Queue: 1 waiting | 2 busy | 0 idle')
    expect(inCi.tmux.screen().join('\n')).not.toContain('Tasks:')
    const asked = await runInTmux([], { CI: 'true', AUTOPILOT_UI: 'rich' })
    await asked.shows('Tasks: 0 done | 0 failed | 0 held | 3 in all')
  })
})

withTmux('the keys of a run on a terminal (in tmux, which must be installed)', () => {
  test('pause it, go on, and change the number of its slots', async () => {
    const { tmux, agents, first, shows } = await runInTmux()
    await shows('p pause')
    tmux.type('p')
    await shows('paused by ')
    await shows('p unpause')
    const [a] = first
    await a!.write('file-a', '')
    await a!.exit(0)
    await shows('Queue: 1 waiting | 1 busy | 1 idle')
    tmux.type('p')
    const c = await agents.next('c')
    tmux.type('+')
    await shows('Queue: 0 waiting | 2 busy | 1 idle')
    await first[1]!.exit(0)
    await c.exit(0)
  })

  test('cancel a task, after a question, and leave the terminal as it was', async () => {
    const { tmux, shows } = await runInTmux()
    await shows('x cancel')
    tmux.type('x')
    await shows('Cancel which task?')
    tmux.type('2', 'Enter')
    await shows('Cancel b? What it has done is kept. (y/N)')
    tmux.type('y')
    await shows('b is being canceled')
    await shows('Queue: 0 waiting | 2 busy | 0 idle')
    tmux.type('C-c')
    await shows('ended with 130')
    await until(() => tmux.cursorVisible, 'the cursor is back')
    // What is typed is shown again, and read line by line.
    tmux.type('hello')
    await shows('hello')
  })

  test('are not read by a run in the background, which is not stopped by what is typed', async () => {
    const job = await runInTmux([], {}, 'background')
    await job.shows('roadmap.yaml → autopilot/main')
    job.tmux.type('p', 'p', 'x')
    for (const [index, agent] of job.first.entries()) {
      await agent.write(`file-${index}`, '')
      await agent.exit(0)
    }
    const last = await job.agents.next('c')
    await last.write('file-c', '')
    await last.exit(0)
    await job.shows('ended with')
    expect(job.tmux.all().join('\n')).not.toMatch(/paused|Stopped|Queue:/)
  })

  test('work again after Ctrl-Z and fg, and the shell has its terminal in between', async () => {
    const { tmux, shows } = await runInTmux([], {}, 'stopped')
    await shows('p pause')
    tmux.type('C-z')
    await shows('stopped')
    await until(() => tmux.cursorVisible, 'the cursor is back')
    tmux.type('hello')
    await shows('hello')
    tmux.type('Enter')
    await shows('Queue: 1 waiting | 2 busy | 0 idle')
    await until(() => !tmux.cursorVisible, 'the screen is back')
    tmux.type('p')
    await shows('paused by ')
    tmux.type('C-c')
    await shows('ended with 130')
  })

  test('work no more after a KILL, and the terminal is as it was all the same', async () => {
    const { tmux, shows, pid } = await runInTmux()
    await shows('p pause')
    process.kill(pid(), 'SIGKILL')
    await shows('ended with 137')
    await until(() => tmux.cursorVisible, 'the cursor is back')
    tmux.type('hello')
    await shows('hello')
  })
})

// What a person at a terminal sees of a whole run, in a real one (tmux).
import { describe, expect, test } from 'vitest'
import { programFile } from '../../support/rigs/program.js'
import { hasTmux, startTmux } from '../../support/rigs/tmux.js'
import { until } from '../../support/rigs/until.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

/** A run of three tasks on two slots in a terminal, whose agents wait for the test's word. */
async function runInTmux(flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b', 'c']) })
  // A shell that stays, as there is one behind every terminal: where no program is left, tmux hides the cursor.
  const shell = ['/bin/sh', '-c', `trap : INT; "$@"; echo "ended with $?"; read -r line`, 'sh']
  const command = [...shell, process.execPath, programFile, 'run', '-a', '2', ...flags]
  const tmux = startTmux([80, 24], command, { cwd: stage.repo.dir, env: { ...stage.env, ...env } })
  const first = [await agents.next('a'), await agents.next('b')]
  const shows = (text: string) => until(() => tmux.screen().some((line) => line.includes(text)), text)
  return { tmux, stage, first, agents, shows }
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

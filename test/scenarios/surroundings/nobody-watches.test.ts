import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { isAlive, programFile, startProgram, type Running } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { until } from '../../support/rigs/until.js'

// What happens to a run when whatever shows it goes away: a reader, a disk, a terminal.

const autopilot = `'${process.execPath}' '${programFile}'`
const two = `tasks:\n  - { id: a, run: 'echo a > a.txt' }\n  - { id: b, run: 'echo b > b.txt' }\n`

/** Runs a shell command line in the scene to its end. */
function sh(stage: Scene, line: string) {
  return startProgram(['-c', line], { cwd: stage.repo.dir, env: stage.env, file: '/bin/sh' }).ended
}

/** The records of the only run of a scene. */
function journalOf(stage: Scene): readonly RunRecord[] {
  const runs = join(stage.repo.dir, '.autopilot', 'runs')
  const [run] = existsSync(runs) ? readdirSync(runs).filter((name) => /^\d{8}-/.test(name)) : []
  const path = join(runs, run ?? '', 'journal.jsonl')
  if (run === undefined || !existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as RunRecord)
}

function endOf(stage: Scene) {
  const end = journalOf(stage).at(-1)
  return end?.type === 'run_finished' ? end.exitCode : undefined
}

test.each([
  ['whose reader closes the pipe after a line', 'run --output json', '| head -1'],
  ['whose stdout is closed', 'run --output json', '>&-'],
  ['whose stderr is closed', 'run', '2>&-'],
  ['that has nothing open but a closed stdin', 'run', '<&- >&- 2>&-'],
  ['whose stderr is on a full disk', 'run', '2>/dev/full'],
])('a run %s continues to its end, with its own exit code', async (_, command, ending) => {
  const stage = scene({ roadmap: two })
  const code = stage.repo.beside('code')
  const { stdout } = await sh(stage, `{ ${autopilot} ${command}; echo $? > '${code}'; } ${ending}`)
  expect(readFileSync(code, 'utf8')).toBe('0\n')
  expect(endOf(stage)).toBe(0)
  expect(stage.subjects().toSorted()).toEqual(['a', 'b'])
  if (ending === '| head -1') expect(stdout).toMatch(/^\{.*"type":"run_started".*\}\n$/)
})

test.runIf(existsSync('/dev/full'))(
  'a run whose stdout is on a full disk continues to its end, and says so on stderr',
  async () => {
    const stage = scene({
      roadmap: `tasks:\n  - { id: a, run: 'echo a > a.txt' }\n  - { id: b, run: 'exit 1', max_attempts: 1 }\n`,
    })
    const { code, stderr } = await sh(stage, `${autopilot} run --output json > /dev/full`)
    expect({ code, end: endOf(stage) }).toEqual({ code: 1, end: 1 })
    expect(stderr).toBe('autopilot: could not write to stdout (ENOSPC): its output is incomplete\n')
    expect(stage.subjects()).toEqual(['a'])
  },
)

test.runIf(existsSync('/dev/full'))('a command whose answer could not be written has not succeeded', async () => {
  const stage = scene({ roadmap: two })
  for (const command of ['status --output json', 'validate', '--help', '--version']) {
    const { code, stderr } = await sh(stage, `${autopilot} ${command} > /dev/full`)
    expect({ command, code }).toEqual({ command, code: 1 })
    expect(stderr).not.toContain('    at ')
  }
})

const script = ['/usr/bin/script', '/bin/script'].find((path) => existsSync(path))

const hasTerminals = process.platform === 'linux' && script !== undefined

/** A run on a terminal that `script` holds, at work on its first task; a shell that ignores SIGHUP tells its exit code. */
async function atWorkOn({ lead = '', roadmap = '' }) {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['first']) + roadmap })
  const [pid, code] = [stage.repo.beside('pid'), stage.repo.beside('code')]
  const inner = stage.repo.beside('inner.sh')
  stage.repo.write(
    '../inner.sh',
    `trap '' HUP\necho $$ > '${pid}'\n${autopilot} run -a 20 --isolation none\necho $? > '${code}'\n`,
  )
  const terminal = startProgram(['-qec', `stty cols 250 rows 50; ${lead} sh '${inner}'; true`, '/dev/null'], {
    cwd: stage.repo.dir,
    env: { ...stage.env, TERM: 'xterm', PATH: `${stage.env.PATH!}:/usr/bin:/bin` },
    file: script!,
  })
  onTestFinished(() => terminal.kill('SIGKILL'))
  const first = await agents.next('first')
  return { stage, terminal, first, shell: Number(readFileSync(pid, 'utf8')), code: () => readFileSync(code, 'utf8') }
}

/** Takes the terminal away: the end that shows what is written is closed. */
async function closeTerminal(terminal: Running): Promise<void> {
  terminal.kill('SIGKILL')
  await terminal.ended
}

test.runIf(hasTerminals)(
  'a run whose terminal goes away without a signal, as with a lost connection, continues to its end',
  async () => {
    const { stage, terminal, first, shell, code } = await atWorkOn({ lead: 'setsid -w' })
    await closeTerminal(terminal)
    await first.exit(0)
    await until(() => !isAlive(shell), 'autopilot ends')
    expect(code()).toBe('0\n')
    expect(endOf(stage)).toBe(0)
  },
)

test.runIf(hasTerminals)('a run whose terminal is closed, which SIGHUP tells, is stopped in order', async () => {
  const { stage, terminal, first, shell, code } = await atWorkOn({})
  await closeTerminal(terminal)
  await until(() => !isAlive(shell), 'autopilot ends')
  expect({ code: code(), end: endOf(stage) }).toEqual({ code: '143\n', end: 143 })
  await first.gone
})

test.runIf(hasTerminals)(
  'a run whose terminal stops accepting output, as after Ctrl-S or on a sleeping laptop, waits for nobody',
  async () => {
    const many = Array.from({ length: 40 }, (_, index) => {
      return `  - { id: a-task-with-a-name-that-takes-more-room-than-most-${index}, run: 'true', depends_on: [first] }\n`
    })
    const { stage, terminal, first, code } = await atWorkOn({ roadmap: many.join('') })
    terminal.kill('SIGSTOP')
    await first.exit(0)
    await until(() => endOf(stage) !== undefined, 'the run has its end in its journal')
    terminal.kill('SIGCONT')
    const { stdout } = await terminal.ended
    expect(code()).toBe('0\n')
    expect(stdout).toContain('41 of 41 tasks')
  },
)

// Modes of what autopilot writes.
import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { programFile, startProgram, type RecordOf } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

/** Everything below a directory, and itself, with what it is: `d` or `f`, and its mode. Links have none of their own. */
function modes(dir: string): readonly (readonly [path: string, mode: string])[] {
  const stat = lstatSync(dir)
  const own = [dir, `${stat.isDirectory() ? 'd' : 'f'} ${(stat.mode & 0o777).toString(8)}`] as const
  if (stat.isSymbolicLink()) return []
  return stat.isDirectory() ? [own, ...readdirSync(dir).flatMap((name) => modes(join(dir, name)))] : [own]
}

const roadmap = `tasks:
  - { id: lands, run: 'echo x > x; echo said; git log >&2' }
  - { id: red, run: 'echo red > red' }
  - { id: stuck, run: 'mkdir -p sub/.git; echo ref > sub/.git/HEAD; echo x > sub/f' }
`
const config = `iterations: 1\nrepair_rounds: 0\ngates: ['echo judged; ! test -e red']\nsetup: 'echo made > .made'\ncopy: [.env]\n`

test('what autopilot writes is for its owner alone, even if the umask lets others in', async () => {
  const stage = scene({ roadmap, files: { 'autopilot.yaml': config, '.gitignore': '.env\n.made\n' } })
  stage.repo.write('.env', 'A=1\n')
  const command = ['-c', 'umask 0; exec "$@"', 'sh', process.execPath, programFile, 'run', '--output', 'json']
  const { code, records } = await startProgram(command, { cwd: stage.repo.dir, env: stage.env, file: '/bin/sh' }).ended
  expect(code).toBe(1)
  const trusted = modes(join(stage.repo.dir, '.git', 'autopilot'))
  const state = modes(join(stage.repo.dir, '.autopilot'))
  for (const end of ['journal.jsonl', 'stdout.log', 'stderr.log', 'gates'])
    expect(state.some(([path]) => path.endsWith(end))).toBe(true)
  expect(trusted.some(([path]) => path.endsWith('config'))).toBe(true)

  const { workspace } = records().find((one): one is RecordOf<'attempt_started'> => {
    return one.type === 'attempt_started' && one.taskId === 'stuck'
  })!
  const around = [workspace, dirname(workspace), dirname(dirname(workspace))].map((dir) => realpathSync(dir))
  const git = modes(join(workspace, '.git'))
  const wrong = [...trusted, ...state, ...git].filter(([, mode]) => mode !== 'd 700' && mode !== 'f 600')
  expect(wrong).toEqual([])
  for (const dir of around) expect((lstatSync(dir).mode & 0o777).toString(8)).toBe('700')
})

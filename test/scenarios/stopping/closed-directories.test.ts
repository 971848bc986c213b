// Directories that resist removal.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeTree } from '../../../src/platform/processes/remove-tree.js'
import { notClosable, runOrdinary } from '../../support/scenes/closed-to.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import { tempDir } from '../../support/rigs/temp-dir.js'

const actions = {
  unreadable: 'mkdir new; echo f > new/f; echo > other; chmod 000 new',
  'a file': 'echo f > secret; chmod 000 secret; echo > other',
  closed: 'mkdir -p .cache/mod/deep; echo > .cache/mod/deep/f; chmod -R a-w .cache/mod; echo > closed',
  chatty: "printf 'a\\r\\nb\\n' > mixed.txt; mkdir .cache; echo > .cache/f; chmod 000 .cache",
}

test.skipIf(notClosable !== undefined)(
  'a directory that its owner cannot read fails collecting by name, and no closed directory keeps a workspace from being removed',
  async () => {
    const tasks = Object.entries(actions).map(([id, run]) => `  - { id: ${id}, run: ${JSON.stringify(run)} }\n`)
    const stage = scene({
      roadmap: `tasks:\n${tasks.join('')}`,
      files: { '.gitignore': '.cache/\n', 'autopilot.yaml': '{"workspaces": {"dir": "../spaces"}}' },
      globalConfig: '[core]\n\tautocrlf = input\n\tsafecrlf = warn\n',
    })
    const { code, records } = await runOrdinary(stage, ['run', '-i', '1', '-a', '1', '--output', 'json'])
    expect(code).toBe(1)
    const failed = records().flatMap((one) => (one.type === 'attempt_failed' ? [one] : []))
    expect(failed.map(({ taskId, failure }) => [taskId, failure.kind, failure.message])).toEqual([
      ['unreadable', 'collect', 'The workspace contains files that git cannot read: new/'],
      ['a file', 'collect', expect.stringContaining('open("secret"): Permission denied')],
    ])
    expect(stage.repo.git('ls-tree', '--name-only', 'autopilot/main').split('\n')).toEqual(
      expect.arrayContaining(['closed', 'mixed.txt']),
    )
    const kept = records().flatMap((one) => (one.type === 'workspace_kept' ? [one.path] : []))
    expect(kept.map((path) => existsSync(path))).toEqual([true, true])
    expect((await runOrdinary(stage, ['clean', '--lost'])).code).toBe(0)
    const spaces = stage.repo.beside('spaces')
    expect(existsSync(spaces) ? readdirSync(spaces).filter((name) => name !== '.seed') : []).toEqual([])
  },
)

test('a directory with paths longer than the system accepts is removed, and nothing that a link leads to', async () => {
  const dir = tempDir()
  const [top, outside] = [join(dir, 'top'), join(dir, 'outside')]
  for (const path of [top, outside]) mkdirSync(path)
  writeFileSync(join(outside, 'f'), '')
  symlinkSync(outside, join(top, 'link'))
  // Nobody can name the last of them from here.
  const down = `const n = 'x'.repeat(200); for (let i = 0; i < 25; i++) { fs.mkdirSync(n); process.chdir(n) }`
  execFileSync(process.execPath, ['-e', `${down}; fs.writeFileSync('f', '')`], { cwd: top })
  await removeTree(top)
  expect([readdirSync(dir), readdirSync(outside)]).toEqual([['outside'], ['f']])
})

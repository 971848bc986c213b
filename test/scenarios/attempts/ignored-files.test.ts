// What an agent wrote although git ignores it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const roadmap = 'tasks:\n  - { id: a, description: A. }\n  - { id: b, description: B. }\n'
const files = { 'README.md': 'hello\n', '.gitignore': 'dist/\n' }

test('what an agent wrote and git ignores is named in the line of its task and the summary, and kept beside the attempt', async () => {
  const stage = scene({ roadmap, files })
  fakeCli(stage, 'claude', ({ task, write, say, succeed }) => {
    const call = {
      type: 'tool_use',
      id: 'toolu_1',
      name: 'Write',
      input: { file_path: `${process.cwd()}/dist/${task}.js` },
    }
    say({ type: 'assistant', message: { content: [call] } })
    write(`dist/${task}.js`, task)
    write('dist/by-a-build.js', 'b')
    if (task === 'a') write('a.txt', 'a')
    succeed()
  })
  const { code, stdout, stderr } = await stage.run(['run', '-a', '1', '-i', '1'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^\S+ a integrated as [0-9a-f]{10} in .*; without dist\/a\.js, which git ignores$/m)
  expect(stderr).toMatch(
    /^\S+ b failed after 1 attempt in .* \(no_change\): .* But git ignores the new files: dist\.; without dist\/b/m,
  )
  const kept = /^Ignored {5}a wrote dist\/a\.js, which git ignores; kept in (.+)$/m.exec(stdout)?.[1] ?? ''
  expect(readFileSync(join(kept, 'dist/a.js'), 'utf8')).toBe('a')
  expect(stdout).toMatch(/^Ignored {5}b wrote dist\/b\.js/m)
  expect((await stage.run(['status'])).stdout).toContain('; without dist/a.js, which git ignores')
})

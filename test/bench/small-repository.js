import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A repository of thirty small files and a roadmap, on the branch `main`.
 * @param {import('./stage.js').Stage} stage
 * @param {string} roadmap
 * @param {Record<string, string>} [files] further ones at its root
 */
export function smallRepository(stage, roadmap, files = {}) {
  const root = join(stage.dir, 'repository')
  for (const folder of ['src', 'docs', 'test']) {
    mkdirSync(join(root, folder), { recursive: true })
    for (let file = 1; file <= 10; file++)
      writeFileSync(join(root, folder, `${file}.txt`), `${folder} ${file}\n`.repeat(50))
  }
  for (const [name, text] of Object.entries({ 'roadmap.yaml': roadmap, ...files }))
    writeFileSync(join(root, name), text)
  const git = (...args) => execFileSync('git', args, { cwd: root, env: stage.env })
  git('init', '--quiet')
  git('symbolic-ref', 'HEAD', 'refs/heads/main')
  git('config', 'user.name', 'Bench')
  git('config', 'user.email', 'bench@localhost')
  git('add', '-A')
  git('commit', '--quiet', '--message', 'Thirty files')
  return root
}

/** How many commits a branch has beyond the first. */
export function commitsOn(stage, root, branch) {
  const options = { cwd: root, env: stage.env, encoding: 'utf8' }
  return Number(execFileSync('git', ['rev-list', '--count', '--no-merges', `${branch}`], options)) - 1
}

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const [folders, filesInEach] = [200, 100]

/**
 * A repository of 20,000 files of about 1 KB, packed as a fetched one is, nothing checked out; its second commit
 * changes 20 of them.
 * @param {import('./stage.js').Stage} stage
 */
export function bigRepository(stage) {
  const root = join(stage.dir, 'big')
  mkdirSync(root)
  const git = (args, input) => execFileSync('git', args, { cwd: root, env: stage.env, input, encoding: 'utf8' }).trim()
  git(['init', '--quiet'])
  git(['symbolic-ref', 'HEAD', 'refs/heads/main'])
  git(['fast-import', '--quiet'], stream())
  const [base, tip] = [git(['rev-parse', 'main~1']), git(['rev-parse', 'main'])]
  git(['read-tree', tip])
  return { root, base, tip }
}

function stream() {
  const paths = Array.from({ length: folders * filesInEach }, (_, at) => {
    return `folder-${at % folders}/file-${Math.floor(at / folders)}.txt`
  })
  const moved = paths.filter((_, at) => at % 1000 === 0)
  return `${commit('Twenty thousand files', paths)}${commit('Twenty of them change', moved)}`
}

function commit(message, paths) {
  const files = paths.map((path) => `M 100644 inline ${path}\n${data(`${message}: ${path}\n`.repeat(20))}`)
  return `commit refs/heads/main\ncommitter Bench <bench@localhost> 0 +0000\n${data(message)}${files.join('')}`
}

function data(text) {
  return `data ${text.length}\n${text}\n`
}

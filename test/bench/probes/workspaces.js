// Prepares workspaces as a run does and prints how long it took, in ms: first a new one, then, after an agent's work,
// the same one again at another commit.
// Arguments: repository, directory for workspaces, first and second commit.
import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRepository } from '../../../src/workspace/repository/repository.ts'
import { openBerths } from '../../../src/workspace/lease/berths.ts'
import { Workspaces } from '../../../src/workspace/lease/workspaces.ts'

const [root, dir, base, tip] = process.argv.slice(2)
const repository = valueOf(await openRepository({ dir: root, env: process.env }))
const workspaces = new Workspaces({
  repository,
  berths: openBerths({ ...repository, home: dir, use: 'agents', runId: 'bench' }),
  name: 'bench',
  copy: [],
  keep: [],
  runSetup: () => Promise.reject(new Error('there is no setup')),
})

const fresh = await timed(base, 1)
changeFiles(fresh.workspace.root)
workspaces.release(fresh.workspace)
const reused = await timed(tip, 2)
if (reused.workspace !== fresh.workspace) throw new Error('the workspace was not used again')
await workspaces.removeAll()
process.stdout.write(JSON.stringify({ fresh: [fresh.ms], reused: [reused.ms] }))

async function timed(commit, attempt) {
  const began = performance.now()
  const workspace = valueOf(await workspaces.prepare(commit))
  valueOf(await workspaces.lease(workspace, { taskId: 't1', attempt }))
  return { workspace, ms: performance.now() - began }
}

/** What an agent might do: ten files changed, five deleted, five new ones. */
function changeFiles(workspace) {
  const files = readdirSync(join(workspace, 'folder-7')).slice(0, 15)
  for (const file of files.slice(0, 10)) appendFileSync(join(workspace, 'folder-7', file), 'changed\n')
  for (const file of files.slice(10)) rmSync(join(workspace, 'folder-7', file))
  for (let at = 0; at < 5; at++) writeFileSync(join(workspace, `new-${at}.txt`), 'new\n')
}

function valueOf(result) {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

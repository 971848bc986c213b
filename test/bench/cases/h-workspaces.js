import { join } from 'node:path'
import { bigRepository } from '../big-repository.js'

/** `git worktree add` at the same commit of the same repository. */
async function worktreeAdd(stage) {
  const { root, tip } = bigRepository(stage)
  const command = ['git', '-C', root, 'worktree', 'add', '--quiet', '--detach', join(stage.dir, 'tree'), tip]
  const { wallMs } = await stage.execute(command)
  return { fresh: [wallMs], reused: [wallMs] }
}

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'h',
    title: 'preparing and leasing a workspace of 20,000 files',
    baselines: { 'git worktree add': worktreeAdd },
    async run(stage) {
      const { root, base, tip } = bigRepository(stage)
      const probe = await stage.bundle('workspaces')
      return JSON.parse((await stage.execute(['node', probe, root, join(stage.dir, 'workspaces'), base, tip])).stdout)
    },
    rows: [
      {
        title: 're-used, after changes of an agent, the target moved by 20 files',
        metric: 'reused',
        unit: 'ms',
        target: { text: '<= 0.75 x git worktree add', limit: ({ baseline }) => 0.75 * baseline('git worktree add') },
      },
      {
        title: 'new',
        metric: 'fresh',
        unit: 'ms',
        target: { text: '<= 1.1 x git worktree add', limit: ({ baseline }) => 1.1 * baseline('git worktree add') },
      },
    ],
  },
]

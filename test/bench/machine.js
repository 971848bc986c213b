import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'

/** What the numbers depend on. */
export function describeMachine(directory) {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release().split('-')[0]}`,
    filesystem: firstLine('stat', '-f', '-c', '%T', directory) ?? 'an unknown file system',
    node: process.versions.node,
    git: firstLine('git', '--version') ?? 'no git',
    parallel: firstLine('parallel', '--version') ?? 'GNU parallel is not installed',
  }
}

export function headCommit(root) {
  return firstLine('git', '-C', root, 'rev-parse', '--short', 'HEAD') ?? 'unknown'
}

function firstLine(program, ...args) {
  try {
    const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return output.split('\n')[0]
  } catch {
    return undefined
  }
}

/**
 * A git that kills its caller once it has moved the target so many times, so that its answer is never read. The first move
 * of a run brings the target up to date. `real` is the path of git.
 */
export function killingGit(real: string, moves: number): string {
  return `#!${process.execPath}
'use strict'
const { spawn } = process.getBuiltinModule('node:child_process')
const args = process.argv.slice(2)
const isSession = args.includes('update-ref') && args.includes('--stdin')
const child = spawn(${JSON.stringify(real)}, args, { stdio: isSession ? ['pipe', 'pipe', 'inherit'] : 'inherit' })
child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code)))
if (isSession) {
  let moves = 0
  process.stdin.on('data', (chunk) => {
    if (chunk.includes('update refs/heads/autopilot/main')) moves++
    child.stdin.write(chunk)
  })
  process.stdin.on('end', () => child.stdin.end())
  child.stdout.on('data', (chunk) => {
    if (moves === ${moves} && chunk.includes('commit: ok')) process.kill(process.ppid, 'SIGKILL')
    else process.stdout.write(chunk)
  })
}
`
}

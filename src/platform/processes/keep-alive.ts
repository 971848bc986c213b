import type { ChildProcess } from 'node:child_process'

/** Whether a child, and what it may still say, keeps autopilot from ending. */
export function keepAlive(child: ChildProcess, alive: boolean): void {
  const change = alive ? 'ref' : 'unref'
  child[change]()
  for (const stream of child.stdio) (stream as unknown as { ref?(): void; unref?(): void } | null)?.[change]?.()
}

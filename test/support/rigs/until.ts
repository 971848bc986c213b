import { setTimeout as pause } from 'node:timers/promises'

/** Waits until something that cannot call back, such as a file or the machine's table of processes, has become so. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It did not come about: ${what}.`)
    await pause(5)
  }
}

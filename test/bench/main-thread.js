// Preloaded into autopilot's own process: when that ends, writes down what it used. The file to write to is in BENCH_MAIN_THREAD.
import { readFileSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  process.once('exit', () => {
    const { user, system } = process.cpuUsage()
    const { maxRSS } = process.resourceUsage()
    const facts = {
      cpu: (user + system) / 1e3,
      stall: delay.max / 1e6,
      peak: (maxRSS * 1024) / 1e6,
      written: written(),
    }
    writeFileSync(process.env.BENCH_MAIN_THREAD, JSON.stringify(facts))
  })
}

/** Bytes that went to the disk, where the system tells; see proc(5), `write_bytes`. */
function written() {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? NaN)
  } catch {
    return NaN
  }
}

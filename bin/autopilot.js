#!/usr/bin/env node
import { existsSync } from 'node:fs'

const bundle = new URL('../dist/cli.js', import.meta.url)
if (existsSync(bundle)) {
  const { main } = await import(bundle.href)
  await main(process.argv.slice(2))
} else {
  process.stderr.write('autopilot: not built yet; run `make build` first\n')
  process.exitCode = 2
}

// Agents and gates that print without end.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import type { Ended } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const mb = 1024 * 1024
const capBytes = 50 * mb
const token = 'tok_0123456789abcdef'

/** Runs autopilot and returns the most memory that its own process ever had, bytes. */
async function measured(stage: Scene, args: readonly string[]): Promise<Ended & { readonly peak: number }> {
  const [hook, file] = [stage.repo.beside('peak.mjs'), stage.repo.beside('peak')]
  // Agents and gates do not get NODE_OPTIONS; the parser's worker is a thread of the same process.
  writeFileSync(
    hook,
    `import { writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(file)}, String(process.resourceUsage().maxRSS)))\n`,
  )
  const ended = await stage.run(args, { env: { NODE_OPTIONS: `--import=${hook}`, NPM_TOKEN: token } })
  return { ...ended, peak: Number(readFileSync(file, 'utf8')) * 1024 }
}

/** Where an attempt of the only run keeps what its agent printed. */
function logOf(stage: Scene, task: string, name: 'stdout' | 'stderr'): string {
  const runs = join(stage.repo.dir, '.autopilot', 'runs')
  const attempts = join(runs, readdirSync(runs)[0]!, 'attempts')
  return join(
    attempts,
    readdirSync(attempts).find((attempt) => attempt.startsWith(`${task}-`))!,
    `${name}.log`,
  )
}

test('agents that print 100 MB each, in lines, in one line, in events, cost little memory, and their work is judged correctly', async () => {
  const roadmap = `tasks:
  - { id: lines, run: 'seq 100000000 | head -c ${100 * mb}; echo > lines' }
  - { id: line, run: 'head -c ${100 * mb} /dev/zero | tr "\\0" x; echo; echo the last >&2; echo > line' }
  - { id: bytes, run: 'printf "\\377\\376 caf\\351 \\303"; printf "\\251\\n%s" "\${NPM_TOKEN%??????}" >&2; printf %s "\${NPM_TOKEN#??????????????}" >&2; echo > bytes' }
  - { id: events }
`
  const files = { 'autopilot.yaml': 'env: { NPM_TOKEN: }\n' }
  const stage = scene({ roadmap, files })
  const { peak: idle } = await measured(stage, ['validate'])
  fakeCli(stage, 'claude', ({ write, say, succeed }) => {
    const text = 'y'.repeat(100_000)
    for (let count = 0; count < 1000; count++)
      say({ type: 'assistant', message: { content: [{ type: 'text', text }] } })
    // One event in pieces, with words on stderr in between.
    const line = JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: 'in pieces' }] } })
    for (const piece of [line.slice(0, 7), line.slice(7, 40), line.slice(40)]) {
      process.stdout.write(piece)
      process.stderr.write('half a wo')
    }
    process.stdout.write('\n', () => {
      write('events', '')
      succeed({ result: 'done' })
    })
  })
  const { code, peak, records } = await measured(stage, ['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect([...stage.subjects()].sort()).toEqual(['bytes', 'events', 'line', 'lines'])
  // Without bounds it would be 400 MB; the rest is buffers on their way.
  expect(peak - idle).toBeLessThan(120 * mb)
  expect(peak).toBeLessThan(250 * mb)

  for (const [task, byte] of [
    ['lines', ''],
    ['line', 'x'],
    ['events', ''],
  ] as const) {
    const log = readFileSync(logOf(stage, task, 'stdout'))
    const note = '\n[autopilot: the file is full; the rest is dropped]\n'
    expect(log.length).toBe(capBytes + note.length)
    expect(log.subarray(capBytes).toString()).toBe(note)
    expect(log.subarray(0, 100).toString()).toMatch(byte === 'x' ? /^x{100}$/ : /^(1\n2\n3|\{"type")/)
  }
  expect(readFileSync(logOf(stage, 'bytes', 'stdout'), 'latin1')).toBe('\xff\xfe caf\xe9 \xc3')
  expect(readFileSync(logOf(stage, 'bytes', 'stderr'), 'latin1')).toBe('\xa9\n***')
  const journal = records().map((one) => JSON.stringify(one).length)
  expect(Math.max(...journal)).toBeLessThan(10_000)
})

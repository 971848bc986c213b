// What tells a person of a run that nobody watches.
import { createServer, type IncomingMessage } from 'node:http'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'

/** A server that keeps what it is sent, and answers with this status; with 0 it hangs up. */
async function webhook(status: number) {
  const bodies: unknown[] = []
  const server = createServer((request, response) => {
    if (status === 0) request.socket.destroy()
    else
      void textOf(request).then((text) => {
        bodies.push(JSON.parse(text))
        response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/s3cret-part-of-the-url` }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string
  return text
}

const roadmap = `tasks:
  - { id: good, run: echo x > good.txt }
  - { id: '<!channel>', run: exit 3 }
  - { id: worse, run: exit 4, dependencies: [good] }
`

test('a webhook is told of the first failure and of the end; a command gets the same as a variable', async () => {
  const { bodies, url } = await webhook(200)
  const stage = scene({ roadmap })
  const told = stage.repo.beside('told')
  const notify = { command: `printf '%s|%s\\n' "$AUTOPILOT_OCCASION" "$AUTOPILOT_TEXT" >> ${told}`, webhook: '$HOOK' }
  stage.repo.write('autopilot.yaml', JSON.stringify({ notify }))
  const { code, stdout, stderr } = await stage.run(['run', '-i', '1'], { env: { HOOK: url } })
  expect(code).toBe(1)
  expect(bodies).toHaveLength(2)
  expect(bodies).toContainEqual({
    ...{
      occasion: 'failure',
      selected: 3,
      done: expect.any(Number) as number,
      failed: 1,
      held: expect.any(Number) as number,
    },
    run: expect.stringMatching(/^\d{8}-/) as string,
    text: expect.stringContaining('failed: ') as string,
  })
  expect(bodies).toContainEqual(
    expect.objectContaining({ occasion: 'finished', done: 1, failed: 2, selected: 3 }) as unknown,
  )
  for (const body of bodies) expect((body as { text: string }).text).not.toContain('<!channel>')
  const lines = readFileSync(told, 'utf8').trim().split('\n').sort()
  expect(lines.map((line) => line.split('|')[0])).toEqual(['failure', 'finished'])
  expect(lines[1]).toMatch(/finished after .*, 1 of 3 done, 2 failed; .*\(exit code 1\)$/)
  expect(`${stdout}${stderr}`).not.toContain('notify:')
})

test.each([
  ['refuses', 500, /notify: the webhook failed: HTTP status 500/],
  ['hangs up', 0, /notify: the webhook failed: .*(socket|closed|hang up|reset)/],
  ['sends it elsewhere', 302, /notify: the webhook failed: HTTP status 302/],
])(
  'a webhook that %s changes nothing about the run, and is named once at its end, without its URL',
  async (_, status, told) => {
    const { url } = await webhook(status)
    const stage = scene({ roadmap: 'tasks:\n  - { id: good, run: echo x > good.txt }\n' })
    const notify = { webhook: url, command: 'echo no display >&2; exit 9' }
    stage.repo.write('autopilot.yaml', JSON.stringify({ notify }))
    const { code, stdout, stderr } = await stage.run(['run'])
    expect(code).toBe(0)
    expect(stderr.match(/notify: the webhook/g)).toHaveLength(1)
    expect(stderr).toMatch(told)
    expect(stderr).toMatch(/notify: the command failed: exit code 9: no display/)
    expect(`${stdout}${stderr}`).not.toContain('s3cret-part')
  },
)

test('a webhook whose variable is not set is said at the start; a wrong entry is an error with its place', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: good, run: echo x > good.txt }\n' })
  stage.repo.write('autopilot.yaml', 'notify:\n  webhook: ${HOOK}\n  on: [finished]\n')
  const { code, stderr } = await stage.run(['run'])
  expect([code, stderr]).toEqual([0, expect.stringContaining('notify: HOOK has no URL, so nothing is posted')])
  stage.repo.write('autopilot.yaml', 'notify:\n  webhook: slack\n  on: [finish]\n  bel: true\n')
  const wrong = await stage.run(['run', '--fresh'])
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/^autopilot\.yaml:2:\d+: error E104: notify\.webhook: expected a URL or \$VARIABLE/m)
  expect(wrong.stderr).toMatch(/^autopilot\.yaml:3:\d+: error E104: notify\.on\.0: /m)
  expect(wrong.stderr).toMatch(/unknown key notify\.bel\n +did you mean bell\?/)
})

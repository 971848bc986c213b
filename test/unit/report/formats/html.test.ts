import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { html } from '../../../../src/report/formats/html.js'
import { plainLayout } from '../../../../src/report/graph/plain-layout.js'
import { hostileRun } from '../../../support/rigs/hostile-run.js'
import { reportOf } from '../../../support/rigs/reports.js'

const tools = {
  page: () => Promise.resolve({ script: 'start()', style: 'body{}' }),
  layOut: (question: Parameters<typeof plainLayout>[0]) => Promise.resolve(plainLayout(question)),
}

describe('the page of a report', () => {
  it('has outside text in its data only, where nothing of it is markup', async () => {
    const text = await html.render(reportOf(hostileRun()), tools)
    const [, data = ''] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(text) ?? []
    expect(data).toMatch(/^\{.*\}$/)
    expect(data).not.toMatch(/[<>&\u0000-\u001f\u007f-\u009f\u2028-\u202e]|##\[/)
    expect(JSON.stringify(JSON.parse(data))).toContain('</script><script>window.hacked = 1</script>')
    const page = text.replace(data, '')
    // Its title has the run's name, as text.
    expect(page.replace(/<title>[^<>]*<\/title>/, '')).not.toContain('hacked')
    expect(page.match(/<script/g)).toHaveLength(2)
  })

  it('lets only its own script run and its own style count, and loads nothing', async () => {
    const text = await html.render(reportOf(hostileRun()), tools)
    const digest = (part: string) => createHash('sha256').update(part).digest('base64')
    expect(text).toContain(
      `content="default-src 'none'; script-src 'sha256-${digest('start()')}'; style-src 'sha256-${digest('body{}')}'; img-src data:; base-uri 'none'; form-action 'none'"`,
    )
    expect(text.replace(/<script type="application\/json".*/, '')).not.toMatch(/\b(src|href)=/)
  })

  it('has its dependencies laid out', async () => {
    const text = await html.render(reportOf(hostileRun()), tools)
    expect(text).toMatch(/"graph":\{"kind":"whole","width":\d+,"height":\d+,"nodes":\[\{"x":\d+/)
  })
})

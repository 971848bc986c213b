import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../support/brands.js'
import type { Task } from '../../../src/domain/roadmap/task.js'
import { renderPrompt, type PromptContext } from '../../../src/prompt/render.js'

const task: Task = {
  ...{
    id: taskId('T1'),
    title: 'Add a parser',
    status: 'pending',
    description: 'For the new format.',
    dependencies: [],
  },
  ...{ priority: 2, complexity: 'moderate', exitCriteria: [], contextFiles: [], verify: [], expects: 'change' },
  ...{ executionMode: 'autonomous', groups: [], position: { file: 'r.yaml', line: 1, column: 1 }, path: 'tasks[0]' },
}
const context: PromptContext = { task, offLimits: [], checks: [], attempt: 1, maxAttempts: 3 }

function render(template: string | undefined, more: Partial<PromptContext> = {}): string {
  const rendered = renderPrompt(template, { ...context, ...more })
  if (!rendered.ok) throw new Error(rendered.error)
  return rendered.value
}

function errorOf(template: string): string {
  const rendered = renderPrompt(template, context)
  return rendered.ok ? 'no error' : rendered.error
}

describe('the default prompt', () => {
  it('of a bare task holds title, description and rules, and no heading without content', () => {
    const text = render(undefined)
    expect(text).toMatch(/^# Add a parser\n\nTask T1\.\n\nFor the new format\.\n\n## Rules\n\n- Work only in the/)
    expect(text.match(/^## .*$/gm)).toEqual(['## Rules'])
    expect(text).not.toMatch(/\n\n\n|\{\{|\n\n$/)
  })

  it('holds everything there is, in order', () => {
    const text = render(undefined, {
      task: { ...task, exitCriteria: ['it parses', 'tests\npass'], contextFiles: ['src/a.ts'] },
      offLimits: ['roadmap.yaml'],
      checks: ['npm test'],
      feedback: 'The agent changed nothing.\n',
      attempt: 2,
    })
    const headings = [
      'Read first',
      'Done when',
      'How your work will be checked',
      'Why the previous attempt failed',
      'Rules',
    ]
    expect(text.match(/^## .*$/gm)).toEqual(headings.map((heading) => `## ${heading}`))
    expect(text).toContain('- it parses\n- tests\n  pass\n')
    expect(text).toContain('- src/a.ts\n')
    expect(text).toContain('- npm test\n')
    expect(text).toContain('This is attempt 2 of 3. The previous one ended with:\n\nThe agent changed nothing.\n\n')
    expect(text).toMatch(/Leave these files as they are.*\n\n- roadmap\.yaml\n$/)
    expect(text).not.toMatch(/\n\n\n|\{\{/)
  })

  it('has the task’s own prompt for its body, and still the criteria and rules', () => {
    const text = render(undefined, { task: { ...task, prompt: 'Just do X.', exitCriteria: ['X is done'] } })
    expect(text).toMatch(/^Just do X\.\n\n## Done when\n\n- X is done\n\n## Rules\n/)
    expect(text).not.toContain('Add a parser')
    expect(text).not.toContain('For the new format.')
  })
})

describe('a template', () => {
  it('gets values where it asks for them', () => {
    expect(render('{{id}}/{{ title }} {{attempt}}/{{max_attempts}}')).toBe('T1/Add a parser 1/3\n')
  })

  it('loses a section with an empty value, and the lines of its tags', () => {
    const template = 'a\n{{#checks}}\n## Checks\n{{checks}}\n{{/checks}}\nb {{#feedback}}({{feedback}}){{/feedback}}.\n'
    expect(render(template)).toBe('a\nb .\n')
    expect(render(template, { checks: ['x'], feedback: 'f' })).toBe('a\n## Checks\n- x\nb (f).\n')
  })

  it('may nest sections and use CRLF', () => {
    const template = '{{#title}}\r\n  {{#checks}}\r\nboth\r\n  {{/checks}}\r\none\r\n{{/title}}\r\n'
    expect(render(template)).toBe('one\n')
    expect(render(template, { checks: ['x'] })).toBe('both\r\none\n')
  })

  it('gets values literally: a value is never a template', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{{title}}', '{{#id}}', '$&', '$1', '{', '}', 'x') }), (text) => {
        const description = `<${text}>`
        expect(render('{{description}}|{{id}}', { task: { ...task, description } })).toBe(`${description}|T1\n`)
      }),
    )
  })

  it('is never parsed into an exception', () => {
    const part = fc.constantFrom(
      '{{',
      '}}',
      '{{title}}',
      '{{#id}}',
      '{{/id}}',
      '{{#checks}}',
      '{{/checks}}',
      '\n',
      ' ',
      'x',
    )
    fc.assert(
      fc.property(fc.string({ unit: part }), (template) => {
        expect(typeof renderPrompt(template, context).ok).toBe('boolean')
      }),
    )
  })

  it.each([
    ['a\n{{titel}}', /^line 2: .*\{\{titel\}\}.*mean \{\{title\}\}\?$/],
    ['{{#checks}}{{nothing_like_it}}{{/checks}}', /^line 1: .*Known are title, id/],
    ['{{#checks}}', /^line 1: .*never closed/],
    ['x {{/checks}}', /^line 1: .*no section is open/],
    ['{{#checks}}\n{{/title}}', /^line 2: .*\{\{#checks\}\} of line 1/],
    ['{{> partial}}', /unknown placeholder/],
  ])('is refused with the line and a hint: %j', (template, message) => {
    expect(errorOf(template)).toMatch(message)
  })
})

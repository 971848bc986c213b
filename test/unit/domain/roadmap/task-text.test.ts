import { expect, it, test } from 'vitest'
import { isOther, isOtherTask, isOwnText, textOf, wordsOf } from '../../../../src/domain/roadmap/task-text.js'
import { parseRoadmap } from '../../../../src/roadmap/formats/parse.js'
import { digestOf } from '../../../../src/platform/files/digest.js'
import { taskOf } from '../../../support/rigs/task.js'

const yaml = `tasks:
  - id: a
    title: Add the login
    description: |
      As a user I sign in.

      - [ ] with a password
    exit_criteria: [Tests pass., No warnings.]
    context_files: [src/login.ts, docs/login.md]
    run: |
      npm test
      npm run build
`

/** The words of a roadmap's only task. */
function read(text: string, file = 'roadmap.yaml'): string {
  const { roadmap, problems } = parseRoadmap(new TextEncoder().encode(text), { file })
  const [task] = roadmap?.tasks ?? []
  if (!task) throw new Error(JSON.stringify(problems))
  return wordsOf(task)
}

const json = JSON.stringify({
  tasks: [
    {
      run: 'npm test\nnpm run build',
      context_files: ['docs/login.md', 'src/login.ts'],
      exit_criteria: ['Tests pass.', 'No warnings.'],
      description: 'As a user I sign in.\n\n- [x] with a password',
      title: 'Add the login',
      id: 'a',
      status: 'failed',
    },
  ],
})

test.each([
  ['a status', yaml.replace('title:', 'status: in_progress\n    title:')],
  ['what the work is judged by', `${yaml}    verify: [npm test]\n    expects: no_change\n`],
  [
    'who does it, when and for how much',
    `${yaml}    provider: claude\n    priority: high\n    budget: 3\n    timeout: 1h\n`,
  ],
  ['line ends', yaml.replaceAll('\n', '\r\n')],
  ['a blank behind the title', yaml.replace('login\n', 'login  \n')],
  ['how lines are wrapped', yaml.replace('user I', 'user\n      I')],
  ['a ticked box', yaml.replace('[ ]', '[x]')],
  [
    'the order of keys',
    yaml.replace('    title: Add the login\n', '').replace('    run:', '    title: Add the login\n    run:'),
  ],
  ['the order of criteria', yaml.replace('Tests pass., No warnings.', 'No warnings., Tests pass.')],
  ['how an accent is composed', yaml.replace('Add', 'Ádd').normalize('NFD')],
])('%s does not change the text', (what, text) => {
  expect(read(text)).toBe(read(what.includes('accent') ? yaml.replace('Add', 'Ádd') : yaml))
})

test('a roadmap that is converted to JSON has the same texts', () => {
  expect(read(json, 'roadmap.json')).toBe(read(yaml))
})

test.each([
  ['the title', yaml.replace('Add', 'Drop')],
  ['the description', yaml.replace('password', 'key')],
  ['a criterion', yaml.replace('No warnings', 'No errors')],
  ['a context file', yaml.replace('docs/login.md', 'docs/logout.md')],
  ['the command', yaml.replace('run build', 'run deploy')],
  ['a blank within the command', yaml.replace('npm test', 'npm  test')],
  ['a prompt', `${yaml}    prompt: Do it.\n`],
])('%s changes the text', (_, text) => {
  expect(read(text)).not.toBe(read(yaml))
})

it('a title that no agent sees, because a prompt replaces it, is not part of the text', () => {
  const task = taskOf('a', { prompt: 'Do it.' })
  expect(wordsOf({ ...task, title: 'Other' })).toBe(wordsOf(task))
})

it('a template makes another text, but not another task', () => {
  const task = taskOf('a')
  const own = textOf(task, undefined, digestOf)
  const templated = textOf(task, 'Do {{title}}.', digestOf)
  expect([isOwnText(own), isOwnText(templated)]).toEqual([true, false])
  expect([isOther(own, templated), isOtherTask(own, templated)]).toEqual([true, false])
  expect(textOf(task, 'Do {{title}}.\r\n', digestOf)).toBe(templated)
})

it('a text is not compared with an unknown one, or with one that was made in another way', () => {
  expect([isOther(undefined, '1-a'), isOther('1-a', undefined), isOther('2-b', '1-a')]).toEqual([false, false, false])
  expect(isOtherTask('1-b', '1-a')).toBe(true)
})

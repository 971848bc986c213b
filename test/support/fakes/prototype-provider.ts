import type { Provider } from '../../../src/providers/adapter/contract.js'
import { textEvent } from '../../../src/providers/adapter/line.js'

/**
 * A CLI that is only known to print text when it is started: the least that a provider can be. It can
 * neither continue a conversation nor review.
 */
export const prototype: Provider = {
  name: 'prototype',
  command: ({ cwd, prompt }) => ({ file: 'prototype', args: ['--in', cwd], input: prompt, env: {} }),
  refusal: () => undefined,
  readLine: (line) => (line === '' ? [] : [textEvent(line)]),
  permitted: () => [],
  tellsCost: false,
  finalEvent: 'exit',
  permissionNames: { edit: 'all', full: 'all' },
  passedVariables: [],
}

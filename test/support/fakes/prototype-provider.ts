import type { Provider } from '../../../src/providers/adapter/contract.js'
import { textEvent } from '../../../src/providers/adapter/line.js'

/**
 * A CLI of which no more is known than how it is started and that it prints text: what a provider is at the least. It can
 * neither go on with a conversation nor review.
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

import { object, oneOf, text, type ValueOf } from '../shape/shape.js'

/** An agent CLI that the configuration describes. It is restricted only by its own command line. */
export const customProviderShape = object({
  run: text('A shell command.'),
  prompt: oneOf(
    ['stdin', 'argument'],
    'Where the prompt goes: to its stdin, or behind the command as one more argument.',
  ),
})
export type CustomProvider = ValueOf<typeof customProviderShape>

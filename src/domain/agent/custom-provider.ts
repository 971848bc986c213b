import { oneOf, text, union, variant, type ValueOf } from '../shape/shape.js'

/** An agent CLI that the configuration describes. It is restricted only by its own command line. */
export const customProviderShape = union({
  process: variant('A process for each turn, judged by its exit status.', {
    run: text('A shell command.'),
    prompt: oneOf(
      ['stdin', 'argument'],
      'Where the prompt goes: to its stdin, or behind the command as one more argument.',
    ),
  }),
  server: variant('A server that speaks the Agent Client Protocol.', { acp: text('A shell command.') }),
})
export type CustomProvider = ValueOf<typeof customProviderShape>

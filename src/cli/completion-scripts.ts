import { script } from '@bomb.sh/tab'
import { bashCompletion } from './bash-completion.js'

/** Prints the script of a shell. It asks `autopilot complete -- WORDS` each time. */
export function printCompletionScript(shell: 'bash' | 'zsh' | 'fish'): void {
  // The library's script for bash needs bash-completion, and evaluates what was typed and what is offered.
  if (shell === 'bash') process.stdout.write(bashCompletion)
  else script(shell, 'autopilot', 'autopilot')
}

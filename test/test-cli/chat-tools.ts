import { resolve } from 'node:path'
import type { Cli } from './clis.js'
import type { ToolCall, ToolUse } from './protocol.js'

/** How a CLI that speaks chat completions calls its own tools. */
export interface ChatTools {
  readonly cli: Cli
  /** It obeys `retry-after` without a word, so it is not told. */
  readonly waitsSilently?: true
  /** `directory`: where the CLI says that it works; some of their tools take absolute paths only. */
  readonly toolCall: (use: ToolUse, directory: string) => ToolCall
}

export const chatTools: readonly ChatTools[] = [
  {
    cli: 'opencode',
    toolCall: (use) =>
      use.type === 'write'
        ? { name: 'write', input: { filePath: use.path, content: use.content } }
        : { name: 'bash', input: { command: use.command, description: 'Runs a command' } },
  },
  {
    cli: 'copilot',
    toolCall: (use, directory) =>
      use.type === 'write'
        ? { name: 'create', input: { path: resolve(directory, use.path), file_text: use.content } }
        : { name: 'bash', input: { command: use.command, description: 'Runs a command' } },
  },
  {
    cli: 'pi',
    toolCall: (use) =>
      use.type === 'write'
        ? { name: 'write', input: { path: use.path, content: use.content } }
        : { name: 'bash', input: { command: use.command } },
  },
  {
    cli: 'qwen',
    waitsSilently: true,
    toolCall: (use, directory) =>
      use.type === 'write'
        ? { name: 'write_file', input: { file_path: resolve(directory, use.path), content: use.content } }
        : { name: 'run_shell_command', input: { command: use.command, is_background: false } },
  },
]

import { defaultGateTimeoutMs } from '../domain/landing/gate.js'
import { defaultSetupTimeoutMs } from '../domain/setup.js'
import { occasions } from '../domain/run/occasion.js'
import type { FileKey } from './config.js'

/** What a key of the configuration is for, and an example of its value, as YAML. */
export interface KeyNote {
  readonly about: string
  readonly example: string
  /** Keys inside it, by their path below it. */
  readonly inside?: Readonly<Record<string, string>>
}

/** The keys that have no flag, in the order of the documentation. */
export const fileKeys: Readonly<Record<FileKey, KeyNote>> = {
  gates: {
    about: 'What must pass before work lands: commands, and reviews by other agents.',
    example: '[npm test, { run: cargo test, cwd: core, timeout: 20m }]',
    inside: {
      run: 'the command; an entry that is only a text is a command',
      name: 'how it is called in messages (default: the command)',
      cwd: 'the directory to run it in, from the root of the repository',
      timeout: `its time limit (default ${minutes(defaultGateTimeoutMs)})`,
      exclusive: 'true: it never runs twice at once, for a resource that only one can use',
      review: 'instead of run: the agent CLIs that may review the change',
      criteria: 'with review: what the reviewer checks',
    },
  },
  setup: {
    about: 'What each workspace needs once before agents and gates can work in it, such as an installation.',
    example: 'npm ci',
    inside: {
      run: 'the command; a text in place of the map is the command',
      inputs:
        'the files it depends on; it runs again when one of them has changed (default: known for usual installers)',
      timeout: `its time limit (default ${minutes(defaultSetupTimeoutMs)})`,
    },
  },
  keep: {
    about: 'What of the results of setup stays from one attempt to the next: auto (default), none, or paths.',
    example: 'auto',
  },
  copy: {
    about: 'Untracked files that workspaces get copies of. Agents can read what is copied. Never committed.',
    example: '[config/local.json]',
  },
  link: {
    about: 'Untracked files or directories that workspaces get links to. Agents can change them. Never committed.',
    example: '[models]',
  },
  env: {
    about: 'Variables for agents, gates and setup; without a value, your own variable is passed on.',
    example: '{ NODE_ENV: test }',
  },
  ports: {
    about: 'Ten ports for each agent slot and gate job; the first is AUTOPILOT_PORT and {{port}}.',
    example: '20000-29999',
  },
  secrets: {
    about: 'More values to mask, besides those of variables whose names look secret.',
    example: '{ files: [.env], names: [MY_VALUE] }',
    inside: { files: 'dotenv files; only masked, not given to agents', names: 'names of variables' },
  },
  routes: {
    about: 'Agent CLIs by the complexity of a task, in order of preference.',
    example: '{ simple: [claude:haiku], complex: [claude:opus, codex] }',
    inside: { simple: 'complexity 1 to 3', moderate: 'complexity 4 to 6', complex: 'complexity 7 to 10' },
  },
  allow: {
    about: 'Tools that agents may use besides editing, in the notation of claude.',
    example: "['Bash(npm test:*)']",
  },
  custom_providers: {
    about: 'Agent CLIs that autopilot does not know, by name.',
    example: '{ mine: { run: my-agent --yes, permissions: full } }',
    inside: {
      'NAME.run': 'a command for each turn',
      'NAME.acp': 'instead of run: a server that speaks the Agent Client Protocol',
      'NAME.prompt': 'with run: how it gets the prompt, stdin (default) or argument',
      'NAME.success': 'with run: what tells success; exit: the exit status (default)',
      'NAME.permissions': 'full; nothing else can be enforced',
    },
  },
  budgets: {
    about: 'What each agent CLI may spend in a run: US dollars, or a map with usd and tokens.',
    example: '{ claude: 15, codex: { tokens: 20000000 } }',
    inside: { 'NAME.usd': 'US dollars', 'NAME.tokens': 'tokens, cached ones included' },
  },
  prices: {
    about: 'US dollars per million tokens, for CLIs that do not report their cost.',
    example: '{ codex:gpt-5: { input: 1.25, cached_input: 0.125, output: 10 } }',
    inside: {
      'NAME.input': 'what is sent',
      'NAME.cached_input': 'of that, what the provider had cached',
      'NAME.output': 'what is answered',
    },
  },
  agents_may_configure: {
    about: "Whether agents' changes to this file and to settings of agent CLIs may land (default off).",
    example: 'off',
  },
  notify: {
    about: 'What tells you of a run that nobody watches: a command, a webhook, the bell.',
    example: '{ command: notify-send autopilot "$AUTOPILOT_TEXT", on: [finished] }',
    inside: {
      command:
        'a shell command; $AUTOPILOT_TEXT says what happened, $AUTOPILOT_OCCASION which of the words of on it is',
      webhook: 'a URL, or $NAME for a variable that has it; gets a POST of JSON whose text Slack shows',
      bell: 'on: rings the bell of the terminal',
      on: `which of ${occasions.join(', ')} (default: all)`,
    },
  },
  prompt: {
    about: 'A file with a prompt template in place of the built-in one.',
    example: 'docs/agent-prompt.md',
  },
  statuses: {
    about: 'More words for statuses of the roadmap, and what they mean.',
    example: '{ icebox: on_hold }',
  },
  workspaces: {
    about: 'Where workspaces are.',
    example: '{ dir: /fast/disk/workspaces }',
    inside: { dir: 'a directory outside the repository (default: below your cache directory)' },
  },
}

function minutes(ms: number): string {
  return `${ms / 60_000}m`
}

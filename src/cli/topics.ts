/** A page of docs/, and what it is about. */
export interface Topic {
  readonly page: string
  readonly about: string
}

/** What `autopilot help` explains besides the commands: the pages come with the program. */
export const topics: Readonly<Record<string, Topic>> = {
  roadmap: { page: 'roadmap.md', about: 'the file with the tasks: its fields, and what holds a task' },
  config: { page: 'configuration.md', about: 'every setting: its option, its variable, its key in autopilot.yaml' },
  'exit-codes': { page: 'exit-codes.md', about: 'what the exit codes mean' },
  queue: { page: 'queue.md', about: 'what starts when, and what happens to work that is refused' },
  limits: { page: 'limits.md', about: 'usage limits, budgets and time limits' },
  ci: { page: 'ci.md', about: 'autopilot in a pipeline or a script' },
  gates: { page: 'gates.md', about: 'what must pass before work lands' },
  workspaces: { page: 'workspaces.md', about: 'setup, keep, copy and link' },
  target: { page: 'target.md', about: 'the branch where work lands' },
  sharing: { page: 'sharing.md', about: 'ports and databases of their own for each agent' },
  recovery: { page: 'recovery.md', about: 'what to do after each kind of stop' },
  providers: { page: 'providers.md', about: 'the agent CLIs, and what agents may do' },
  security: { page: 'security.md', about: 'what autopilot trusts, protects and masks' },
  processes: { page: 'processes.md', about: 'how agents are started, watched and ended' },
  events: { page: 'events.md', about: 'the lines of --output json' },
}

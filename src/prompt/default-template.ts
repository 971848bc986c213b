/**
 * The prompt that an agent gets when the configuration names no template. It is a template like a user's own, so
 * everything that it does another can do too.
 */
export const defaultTemplate = `{{#title}}
# {{title}}

Task {{id}}.

{{/title}}
{{#description}}
{{description}}

{{/description}}
{{#context_files}}
## Read first

{{context_files}}

{{/context_files}}
{{#exit_criteria}}
## Done when

{{exit_criteria}}

{{/exit_criteria}}
{{#checks}}
## How your work will be checked

{{checks}}

{{/checks}}
{{#feedback}}
## Why the previous attempt failed

This is attempt {{attempt}} of {{max_attempts}}. The previous one ended with:

{{feedback}}

{{/feedback}}
## Rules

- Work only in the current directory. It is yours alone. Change nothing outside it.
- You don't need to commit: everything in the directory is collected when your turn ends. Never push. Leave remotes and
  branches alone.
- Nobody can answer questions. Decide for yourself, and say in your last message what you decided.
- Do the whole task and only the task, and do all of it before your turn ends. Nothing wakes you up later: when your turn
  ends, your process ends, and so does everything it started, in the background too.
- Run tests and builds in the foreground and wait for them. If you need a server, start it, use it and stop it in one
  command: \`npm start & server=$!; sleep 2; curl -s localhost:3000; kill $server\`.
- When you are done, end with a short summary of what you changed.
{{#off_limits}}

Leave these files as they are. Changes to them are discarded:

{{off_limits}}
{{/off_limits}}
`

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
## How it will be checked

{{checks}}

{{/checks}}
{{#feedback}}
## Why the previous attempt failed

This is attempt {{attempt}} of {{max_attempts}}. The one before ended with:

{{feedback}}

{{/feedback}}
## Rules

- Work only in the current directory; it is yours alone. Change nothing outside of it.
- You need not commit: what is in the directory when you end is taken over. Never push, and leave remotes and branches alone.
- Nobody can answer a question. Decide for yourself, and say in your last message what you decided.
- Do the whole task and nothing but the task. Do all of it before your turn ends: nothing wakes you up here. When your
  turn ends your process ends, and everything that it started, in the background too.
- Run tests and builds in the foreground and wait for them. If you need a server, start it, use it and stop it inside one
  command: \`npm start & server=$!; sleep 2; curl -s localhost:3000; kill $server\`.
- When it is done, end with a short summary of what you changed.
{{#off_limits}}

Leave these files as they are; what you change in them is left out of your work:

{{off_limits}}
{{/off_limits}}
`

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
- Do the whole task and nothing but the task. Start no process that is still running when you end.
- When it is done, end with a short summary of what you changed.
{{#off_limits}}

Leave these files as they are; the tool that started you writes them itself:

{{off_limits}}
{{/off_limits}}
`

/** A small roadmap of tasks that make sense in any project, to be replaced. */
export function roadmapText(schema: string): string {
  return `# yaml-language-server: $schema=${schema}
# What is to be done. \`autopilot help roadmap\` explains every field, \`autopilot validate\` checks this file, and
# \`autopilot run --dry-run\` shows what would run. Replace these two examples with tasks of your own.
tasks:
  - id: contributing
    title: Say in CONTRIBUTING.md how to build and test this project
    description: |
      Write CONTRIBUTING.md, or complete it: what one has to install, how to run the tests and the linters, and how a
      change is proposed. Try each command before you write it down.
    exit_criteria:
      - Every command in it works in a fresh clone
    complexity: simple
  - id: readme
    title: Name CONTRIBUTING.md in the README
    dependencies: [contributing] # starts when that has landed
    complexity: simple
`
}

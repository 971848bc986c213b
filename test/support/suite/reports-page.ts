import { readFileSync } from 'node:fs'
import prettier from 'prettier'
import { reportShape } from '../../../src/report/form.js'
import { projectRoot } from '../rigs/program.js'
import { fieldsTable, objectFields, sharedParts } from './events-page.js'

const head = `
# Reports

    autopilot report [RUN] [--as html|md|json|junit] [--file FILE]

writes a report of a run, by default the last one, from its journal: at any time, also while the run is at work or after it was
killed. Without \`--file\` it goes to stdout; without \`--as\` the ending of the file decides (\`.html\`, \`.md\`, \`.json\`,
\`.xml\`), else it is Markdown. A file appears in one step: who reads it sees all of it, or what was there before. Directories
around it are made, and paths count from where you type the command, not from \`-C\`.

\`run\` and \`resume\` write reports by themselves when they end: done, failed, interrupted (130, 143) or stopped early (75).

| flag                    | variable                 | writes                                        |
| ----------------------- | ------------------------ | --------------------------------------------- |
| \`--report FILE\`       | \`AUTOPILOT_REPORT\`       | the HTML page                                 |
| \`--junit FILE\`        | \`AUTOPILOT_JUNIT\`        | JUnit XML                                     |
| \`--summary-file FILE\` | \`AUTOPILOT_SUMMARY_FILE\` | Markdown, such as for \`$GITHUB_STEP_SUMMARY\`  |

A file that can't be written is a warning when the run begins, and once more when it ends; the run and its exit code are as they
would be. If the run has to be given up because something hangs, it does not wait long for its reports: write them afterwards. A run
that was refused before it began (exit codes 2, 3, 4) has no report.

All formats come from one model, so they agree with each other, with the terminal and with \`status\`. Texts from outside
contain no control characters, secrets in them are \`***\` (those of the run, and those that you have now), and transcripts are
excerpts of at most twelve lines a task. How much a task changes, git tells; if its commits are gone, that is left out.

## HTML

One self-contained file that asks the network for nothing: a content security policy lets only its own script run. It shows, in
the light or the dark as your system does:

- a timeline of the slots (attempts, repair rounds, finishing turns, reviews), setups, gates, landings and cool-downs, and why slots were idle; drag to zoom
- how busy the slots were, and idle for which cause; tokens and cost by provider; warnings
- the tasks, filtered by words or state and sorted by any column; a row opens the reason, the end of its output, gates and reviews,
  refusals, what its agent said last, cost
- the dependencies with the critical path: the chain of tasks, each of which waits for the one before, that took longest. Up to
  about 500 tasks are drawn one by one, more are folded by level and group, or by level
- queue, utilisation and progress over time

Keys: \`/\` filters, arrows go through tasks, the graph and the timeline, Enter opens, Escape shows everything again. Printed, it
has all tasks. It needs JavaScript.

![Dependencies, with the critical path from task-6 to task-54 and on](images/report-graph.png)

## The live page

    autopilot run --serve              # at a free port
    autopilot run --serve-port 8123

serves the same page while the run is at work, and tells its URL in a notice; the page follows the run by itself. It is read-only
and only for this machine: it listens on 127.0.0.1, its URL has a random token, and requests under another \`Host\` or \`Origin\`
are refused, so that no other web site can reach it through your browser. Whoever can read the run's output can read the URL. Readers
never slow a run: at most 32 follow it at once, and what one can't take in time it asks for again. The page ends with the run
(what it shows stays); \`--report\` keeps it. If the port is taken, a warning says so, and the run goes on.

## JUnit

One test case a task, in the form that Jenkins' \`junit-10.xsd\` describes and that GitLab and the reporters for GitHub read:
\`name\` is the id and the title, \`classname\` the groups around it, \`time\` the time from its first attempt to its end. A failed task
is a failure with its reason, the end of its output and the path of the log; held, canceled and unfinished tasks, and those that were
done before the run, are skipped, with the reason. What gates and reviewers said, and why earlier attempts failed, is output.

## Markdown

What you paste into a pull request, within the 65,536 characters that GitHub takes. All text from outside stands in code
spans and blocks: it mentions nobody, links to nothing, and closes no issue.

## JSON

One object on one line. This part of the page is generated from the program's own description, and a test compares it.
**Programs may rely on** these fields as long as \`report\` is the same; new fields and values may appear without a new number. Optional
fields are left out if there is nothing to say. Times of the run are ms from its beginning, without the time between a stop and a
resume; \`parts\` turns them into times of day.
`

/** The text of docs/reports.md: what people should know, and the fields of the JSON, made from its shape. */
export async function reportsPage(): Promise<string> {
  const fields = objectFields(reportShape)
  const shared = sharedParts([{ report: { about: '', fields } }])
  const page = [head.trim(), fieldsTable(fields), shared].join('\n\n')
  const config = JSON.parse(readFileSync(`${projectRoot}/.config/prettier.json`, 'utf8')) as prettier.Options
  return prettier.format(page, { ...config, parser: 'markdown' })
}

import { Option } from 'commander'
import { oneOf } from '../../config/value.js'
import { reportFormatNames, type ReportFormatName } from '../../domain/report-format.js'
import { directoryOption, valueOf, type AddCommand } from '../options.js'

interface ReportFlags {
  readonly as?: ReportFormatName
  readonly file?: string
  readonly directory: string
}

export const addReport: AddCommand = (program, env, done) => {
  program
    .command('report')
    .description('write a report of a run: a page, Markdown, JSON or JUnit XML')
    .argument('[run]', 'the id of a run; without it the last one, even while it is running')
    .addOption(
      new Option(
        '--as <format>',
        `${reportFormatNames.join(', ')} (default: by the ending of the file, else md)`,
      ).argParser((text) => valueOf(oneOf(reportFormatNames), text)),
    )
    .addOption(new Option('--file <file>', 'write it there, in one step; without it to stdout'))
    .addOption(directoryOption())
    .action(async (run: string | undefined, flags: ReportFlags) => {
      const { reportCommand } = await import('../../app/commands/report-command.js')
      done(await reportCommand(run === undefined ? flags : { ...flags, run }, env))
    })
}

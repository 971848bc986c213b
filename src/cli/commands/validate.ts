import { settings } from '../../config/settings.js'
import { type AddCommand, directoryOption, outputOption, type PrintingFlags } from '../options.js'

export const addValidate: AddCommand = (program, env, done) => {
  program
    .command('validate')
    .description('check a roadmap: what is wrong, what is held, what may run')
    .argument('[roadmap]', 'as for run')
    .addOption(outputOption('validate'))
    .addOption(directoryOption())
    .action(async (roadmap: string | undefined, flags: PrintingFlags) => {
      const { validateCommand } = await import('../../app/commands/validate-command.js')
      const args = { directory: flags.directory, output: flags.output ?? settings.output.default }
      done(await validateCommand(roadmap === undefined ? args : { ...args, roadmap }, env))
    })
}

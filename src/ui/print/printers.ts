import type { OutputFormat, UiForm } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { humanPrinter } from './human-printer.js'
import { jsonPrinter } from './json-printer.js'
import type { Printer } from './printer.js'

const printers: Readonly<Record<OutputFormat, (env: Environment, ui?: UiForm) => Printer>> = {
  human: humanPrinter,
  json: jsonPrinter,
}

/** What prints in a format. */
export function printerFor(format: OutputFormat, env: Environment, ui?: UiForm): Printer {
  return printers[format](env, ui)
}

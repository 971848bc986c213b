/**
 * The forms in which commands print, and what `--help` says about one where that differs from command to command. What
 * prints them is in `ui/print/printers.ts`.
 */
const formats = {
  human: {},
  json: {
    run: 'one event per line on stdout',
    status: 'one object',
    runs: 'one object per line',
    doctor: 'one finding per line',
    logs: 'one event per line',
    control: 'one object',
  },
} as const satisfies Readonly<Record<string, Partial<Readonly<Record<PrintingCommand, string>>>>>

/** Commands that take `--output`; `resume` prints as `run` does, and all that act on a run at work alike. */
export type PrintingCommand = 'run' | 'validate' | 'status' | 'runs' | 'logs' | 'doctor' | 'control'

export type OutputFormat = keyof typeof formats

export const outputFormats = Object.keys(formats) as readonly OutputFormat[]

export const defaultFormat: OutputFormat = 'human'

/** `human (default), or json: one object` */
export function describeFormats(command: PrintingCommand): string {
  const each = Object.entries<Partial<Record<PrintingCommand, string>>>(formats).map(([name, { [command]: about }]) => {
    return `${name}${name === defaultFormat ? ' (default)' : ''}${about === undefined ? '' : `: ${about}`}`
  })
  const isShort = each.length === 2 && each.every((one) => !one.includes(':'))
  return `${each.slice(0, -1).join(', ')}${isShort ? '' : ','} or ${each.at(-1) ?? ''}`
}

/** How a run is shown to people: as a screen that is drawn again and again, or line by line. */
export const uiForms = ['rich', 'plain'] as const
export type UiForm = (typeof uiForms)[number]

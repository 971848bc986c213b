import type { LayOut } from '../graph/layout-off-thread.js'
import type { Report } from '../form.js'

/** What the page consists of besides the report itself, as the build has bundled it. */
export interface PageParts {
  readonly script: string
  readonly style: string
}

/** What a format may need besides the report. */
export interface FormatTools {
  readonly page: () => Promise<PageParts>
  readonly layOut: LayOut
}

/** Writes a report as text. */
export interface ReportFormat {
  /** The endings of files that are usually written in it, such as `.md`. */
  readonly endings: readonly string[]
  /**
   * It is printed byte for byte: the report's secrets are masked, and no line begins with outside text, which a CI runner could
   * take for a command.
   */
  readonly isExact?: true
  readonly render: (report: Report, tools: FormatTools) => string | Promise<string>
}

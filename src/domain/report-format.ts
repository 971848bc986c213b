/** The formats of a report, by the names that `--as` takes. */
export const reportFormatNames = ['html', 'md', 'json', 'junit'] as const
export type ReportFormatName = (typeof reportFormatNames)[number]

/** Put in by the bundler from package.json. */
declare const AUTOPILOT_VERSION: string

/** Of the content of the bundled command line; set by the build. */
declare const COMMAND_LINE_ID: string

/** The same of what answers shells. */
declare const COMPLETE_ID: string

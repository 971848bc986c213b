/** Put in by the bundler from package.json. */
declare const AUTOPILOT_VERSION: string

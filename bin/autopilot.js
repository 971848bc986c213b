#!/usr/bin/env node
// An older Node must get as far as the check: nothing is imported before it, and this file keeps to the syntax of 2017.
var parts = process.versions.node.split('.')
var major = Number(parts[0])
var minor = Number(parts[1])

if (major > 20 || (major === 20 && minor >= 19)) start()
else refuse('this is Node ' + process.versions.node + ', and autopilot needs Node 20.19 or newer\n    ' + howToUpdate())

function howToUpdate() {
  var how = 'Install a newer one (https://nodejs.org; with nvm: nvm install 22)'
  return how + ', then run this again; what ran is ' + process.execPath
}

function start() {
  var bundle
  try {
    bundle = require('../dist/cli.cjs')
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    return refuse('not built yet; run `make build` first')
  }
  bundle.main(process.argv.slice(2))
}

function refuse(text) {
  process.stderr.write('autopilot: ' + text + '\n')
  process.exitCode = 2
}

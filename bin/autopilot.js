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
  import('../dist/cli.js').then(
    function (bundle) {
      return bundle.main(process.argv.slice(2))
    },
    function (error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
      refuse('not built yet; run `make build` first')
    },
  )
}

function refuse(text) {
  process.stderr.write('autopilot: ' + text + '\n')
  process.exitCode = 2
}

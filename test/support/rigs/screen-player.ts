// Shows a scripted run on its terminal, on a virtual clock, at a test's word: node <this> SOCKET [colour]. Orders come as
// lines of JSON; each is answered when the terminal has been given what is to be seen.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { apply, initialState } from '../../../src/domain/run/run-state.js'
import { terminalReporter } from '../../../src/ui/reporters/terminal-reporter.js'
import { virtualClock } from '../fakes/virtual-clock.js'
import { screenStart, screenStory } from '../games/screen-story.js'
import { stamp } from './records.js'

/** What a test may order. */
export type PlayerOrder = { readonly to: number } | { readonly close: true } | { readonly size: true }

const [socketPath = '', colour] = process.argv.slice(2)
const clock = virtualClock()
const form = { isRich: true, hasColour: colour !== undefined }
const reporter = terminalReporter({ stream: process.stderr, form, clock, isInForeground: () => true })
const state = initialState(screenStart)
let seq = 0
let next = 0

function record(event: (typeof screenStory)[number][1]): void {
  const stamped = stamp(event, clock.monotonic(), ++seq)
  apply(state, stamped)
  reporter.record(stamped, state)
}

function goTo(ms: number): void {
  for (let due = screenStory[next]; due && due[0] <= ms; due = screenStory[++next]) {
    clock.advance(due[0] - clock.monotonic())
    record(due[1])
  }
  clock.advance(ms - clock.monotonic())
  // The clock stands still between two orders, so that what is drawn is of this moment.
  reporter.redraw()
  clock.advance(100)
}

const socket = connect(socketPath)
createInterface({ input: socket }).on('line', (line) => {
  const order = JSON.parse(line) as PlayerOrder
  if ('to' in order) goTo(order.to)
  if ('close' in order) reporter.close()
  const answer = 'size' in order ? [process.stderr.columns, process.stderr.rows] : []
  process.stderr.write('', () => socket.write(`${JSON.stringify(answer)}\n`))
})
record(screenStart)

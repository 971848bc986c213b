import { describe, expect, it } from 'vitest'
import { formOf } from '../../../../src/ui/print/form.js'
import { fakeTerminal } from '../../../support/fakes/fake-terminal.js'

const terminal = fakeTerminal().stream
const sizeless = fakeTerminal(0, 0).stream
const pipe = Object.assign(fakeTerminal().stream, { isTTY: false as const })

const rich = { isRich: true, hasColour: true }
const plain = { isRich: false, hasColour: false }

describe('the form of what is shown', () => {
  it('is rich on a terminal, and plain in CI, in a pipe, and where nothing can be drawn', () => {
    expect(formOf(terminal, {})).toEqual(rich)
    expect(formOf(terminal, { CI: 'true' })).toEqual(plain)
    expect(formOf(terminal, { CI: '' })).toEqual(rich)
    expect(formOf(terminal, { GITHUB_ACTIONS: 'true' })).toEqual(plain)
    expect(formOf(terminal, { TERM: 'dumb' })).toEqual(plain)
    expect(formOf(pipe, {})).toEqual(plain)
    expect(formOf(sizeless, {})).toEqual(plain)
  })

  it('is what is asked for, but never drawn on what has no size', () => {
    expect(formOf(terminal, { CI: 'true' }, 'rich')).toEqual(rich)
    expect(formOf(terminal, {}, 'plain')).toEqual(plain)
    expect(formOf(pipe, {}, 'rich')).toEqual(plain)
    expect(formOf(sizeless, {}, 'rich')).toEqual(plain)
    expect(formOf(terminal, { TERM: 'dumb' }, 'rich')).toEqual(plain)
  })

  it('has no colours with NO_COLOR, and is otherwise the same', () => {
    expect(formOf(terminal, { NO_COLOR: '1' })).toEqual({ isRich: true, hasColour: false })
    expect(formOf(terminal, { NO_COLOR: '' })).toEqual(rich)
  })

  it('has colours with FORCE_COLOR, whatever else is said', () => {
    expect(formOf(pipe, { FORCE_COLOR: '1' })).toEqual({ isRich: false, hasColour: true })
    expect(formOf(pipe, { FORCE_COLOR: '3', NO_COLOR: '1' })).toEqual({ isRich: false, hasColour: true })
    expect(formOf(pipe, { FORCE_COLOR: '' })).toEqual(plain)
    expect(formOf(terminal, { FORCE_COLOR: '0' })).toEqual({ isRich: true, hasColour: false })
  })
})

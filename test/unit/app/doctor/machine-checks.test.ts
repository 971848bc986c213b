import { expect, test } from 'vitest'
import { checkMemory, checkSystem } from '../../../../src/app/doctor/machine-checks.js'
import { providers } from '../../../../src/providers/index.js'

test('on another system than Linux, what is missing there is named', () => {
  expect(checkSystem('linux').map(({ level }) => level)).toEqual(['ok', 'ok'])
  const [, darwin] = checkSystem('darwin')
  expect(darwin).toMatchObject({ check: 'system', level: 'warning' })
  expect(darwin?.text).toMatch(/leave their group are not found[^]*not processor time/)
})

test('memory is counted for the CLI that needs most, and the cure is a number of agents that fits', () => {
  const few = checkMemory(5, [providers.claude, providers.opencode], 3000)
  expect(few).toMatchObject([
    { level: 'warning', cure: 'Take fewer agents, such as --agents 2, or end other programs.' },
  ])
  expect(checkMemory(5, [providers.claude], 3000)).toMatchObject([{ level: 'ok' }])
  expect(checkMemory(5, [], 10)).toEqual([])
})

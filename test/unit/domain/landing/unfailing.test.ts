import { expect, test } from 'vitest'
import { whyUnfailing } from '../../../../src/domain/landing/unfailing.js'

test.each([
  ['npm test 2>&1 | tail -40', '`tail`'],
  ['npm test | tee out.log', '`tee`'],
  ['pytest |& cat', '`cat`'],
  ['npm test || true', '`true`'],
  ['npm test || :', '`:`'],
  ['npm run lint; echo done', '`echo`'],
  ['npm test || echo "tests failed"', '`echo`'],
  ['npm test\nexit 0', '`exit`'],
  ['npm run dev &', 'in the background'],
])('%j passes as a gate whatever fails', (command, why) => {
  expect(whyUnfailing(command)).toContain(why)
})

test.each([
  'npm test',
  'npm test && echo ok',
  'set -e\nnpm test\necho ok',
  'bash -o pipefail -c "npm test | tee out.log"',
  'set -o pipefail; npm test | tail',
  'npm test 2>&1 | tail -40 | grep -q passed',
  '! grep -rn TODO src | cut -d: -f1 | grep -v generated',
  'test -z "$(git status --porcelain | head -1)"',
  'npm test >out.log 2>&1',
  'sh check.sh || exit 1',
  'test -e a || { echo no a; exit 1; }',
  'echo "a | tail" && npm test',
])('%j can fail', (command) => {
  expect(whyUnfailing(command)).toBeUndefined()
})

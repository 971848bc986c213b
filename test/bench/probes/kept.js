// Measures a look at what setup made, as it is done before a place is used again. Usage: kept.js ROOT FILE
import { answerKept } from '../../../src/workspace/kept/fingerprint.ts'

const [root, file] = process.argv.slice(2)
const question = { root, paths: ['deps'], except: [], file }
if (answerKept({ ...question, action: 'note' }) !== 'fine') throw new Error('it could not be noted')
const before = process.cpuUsage()
if (answerKept({ ...question, action: 'check' }) !== 'fine') throw new Error('it was touched')
const { user, system } = process.cpuUsage(before)
process.stdout.write(JSON.stringify({ look: [(user + system) / 1000] }))

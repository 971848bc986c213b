// Plays the merge queue of the sources many times against random candidates and prints what that costs: for each number
// of candidates, share that fails and number of trees judged at once, the mean number of gate runs and of waits for them.
// Arguments: JSON with `sizes`, `shares`, `judges`, `games`.
import { playMergeQueue, seeded } from '../../support/games/merge-queue-game.ts'

const { sizes, shares, judges, games } = JSON.parse(process.argv[2])
const samples = {}
for (const size of sizes)
  for (const share of shares) for (const atOnce of judges) Object.assign(samples, play(size, share, atOnce))
process.stdout.write(JSON.stringify(samples))

function play(size, share, atOnce) {
  const random = seeded(7)
  const sums = { runs: 0, rounds: 0, real: 0 }
  for (let game = 0; game < games; game++) {
    const contenders = Array.from({ length: size }, () => ({ priority: 0, bad: random() < share, comesAt: 0 }))
    // All together, and second runs before an eviction left out: what the reference counts.
    const whole = playMergeQueue({ contenders, judges: atOnce, maxTogether: size, failureRate: 1e-9 })
    sums.runs += whole.runs - whole.reruns
    sums.rounds += whole.rounds
    sums.real += playMergeQueue({ contenders, judges: atOnce, maxTogether: 16 }).runs
  }
  const entries = Object.entries(sums).map(([name, sum]) => [`${size} ${share} ${atOnce} ${name}`, [sum / games]])
  return Object.fromEntries(entries)
}

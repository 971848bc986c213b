const repeats = 5

/** Several starts make one sample steadier than 40 ms alone are. */
async function starts(stage, command) {
  const wall = []
  for (let at = 0; at < repeats; at++) wall.push((await stage.execute(command)).wallMs)
  return { wall }
}

const flags = { '--version': 1.1, '--help': 1.4 }

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = Object.entries(flags).map(([flag, ratio]) => ({
  id: 'f',
  title: `\`autopilot ${flag}\``,
  baselines: { 'node -e 0': (stage) => starts(stage, ['node', '-e', '0']) },
  run: (stage) => starts(stage, ['node', stage.program, flag]),
  rows: [
    {
      title: 'wall time',
      metric: 'wall',
      unit: 'ms',
      target: { text: `<= ${ratio} x node -e 0`, limit: ({ baseline }) => ratio * baseline('node -e 0') },
    },
  ],
}))

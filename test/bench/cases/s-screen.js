const probed = (what) => async (stage) =>
  JSON.parse((await stage.execute(['node', await stage.bundle('screen'), what])).stdout)

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 's',
    title: 'the live screen of 50 busy slots, 1,000 events a second',
    baselines: { 'the fold alone': probed('fold') },
    run: probed('screen'),
    rows: [
      {
        title: 'processor time a second, the fold included',
        metric: 'cpu',
        unit: 'ms',
        target: { text: '<= 5 % of a core', limit: () => 50 },
      },
    ],
  },
]

import { bigRoadmap, tasksInOneMb } from '../big-roadmap.js'
import { stageFile } from '../stage.js'

/** Runs a probe on a roadmap of so many tasks. */
async function probed(stage, name, text, ...args) {
  const path = stageFile(stage, 'roadmap.yaml', text)
  return JSON.parse((await stage.execute(['node', await stage.bundle(name), path, ...args])).stdout)
}

const flips = [
  { title: 'each with a status', withStatus: true, how: 'as-read' },
  { title: 'without a status', withStatus: false, how: 'as-read' },
  { title: 'edited by somebody before each flip', withStatus: true, how: 'edited' },
]

/** @type {readonly import('../harness.js').Benchmark[]} */
export const benchmarks = [
  {
    id: 'i',
    title: 'a roadmap of 20,000 tasks',
    baselines: { "yaml's parser alone": (stage) => probed(stage, 'load', bigRoadmap(20_000), 'yaml') },
    run: (stage) => probed(stage, 'load', bigRoadmap(20_000), 'autopilot'),
    rows: [
      {
        title: 'load and graph',
        metric: 'load',
        unit: 'ms',
        target: { text: '< 2 s', limit: () => 2000 },
      },
    ],
  },
  {
    id: 'i',
    title: 'decisions in a roadmap of 20,000 tasks, 5 slots',
    baselines: {},
    run: (stage) => probed(stage, 'decide', bigRoadmap(20_000)),
    rows: [
      { title: 'queueing what is ready at the start', metric: 'start', unit: 'ms' },
      {
        title: "from a task's end to the next task on the slot",
        metric: 'decision',
        unit: 'ms',
        target: { text: '< 1 ms', limit: () => 1 },
      },
      { title: 'p99 of the same', metric: 'decision', unit: 'ms', percentile: 99 },
    ],
  },
  ...flips.map(({ title, withStatus, how }) => ({
    id: 'i',
    title: `a flip of status in a file of 1 MB, ${title}`,
    baselines: {
      'writing, syncing and renaming the file': (stage) => probed(stage, 'flip', bigRoadmap(tasksInOneMb), 'bare'),
    },
    run: (stage) => probed(stage, 'flip', bigRoadmap(tasksInOneMb, withStatus), how),
    rows: [
      { title: 'wall time', metric: 'flip', unit: 'ms', target: { text: '< 50 ms', limit: () => 50 } },
      {
        title: 'stall of the event loop',
        metric: 'stall',
        unit: 'ms',
        percentile: 100,
        target: { text: '<= 20 ms', limit: () => 20 },
      },
    ],
  })),
]

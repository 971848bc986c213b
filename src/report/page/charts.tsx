import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import { formatDuration } from '../../domain/duration.js'
import type { Report, Sample } from '../form.js'
import { colourOf, useRedraw } from './colours.js'

interface Line {
  readonly title: string
  readonly colour: string
  readonly value: (sample: Sample) => number
}

const queue: readonly Line[] = [
  { title: 'waiting', colour: 'queued', value: ({ waiting }) => waiting },
  { title: 'busy', colour: 'running', value: ({ busy }) => busy },
]
const progress: readonly Line[] = [{ title: 'tasks done', colour: 'done', value: ({ done }) => done }]
const utilisation: readonly Line[] = [
  { title: '% of slots busy', colour: 'running', value: ({ busy, idle }) => (100 * busy) / Math.max(1, busy + idle) },
]

/** The queue and the slots over time. */
export function Charts({ report: { samples } }: { readonly report: Report }) {
  if (samples.length < 2) return null
  return (
    <section aria-label="Charts" class="charts">
      <Chart title="Queue" lines={queue} samples={samples} />
      <Chart title="Utilisation" lines={utilisation} samples={samples} most={100} />
      <Chart title="Progress" lines={progress} samples={samples} />
    </section>
  )
}

interface ChartProps {
  readonly title: string
  readonly lines: readonly Line[]
  readonly samples: readonly Sample[]
  readonly most?: number
}

function Chart({ title, lines, samples, most }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | undefined>(undefined)
  const data = useMemo((): UPlot.AlignedData => {
    return [samples.map(({ ms }) => ms / 1000), ...lines.map(({ value }) => samples.map(value))]
  }, [samples, lines])
  const current = useRef(data)
  current.current = data
  const draw = useCallback(() => {
    if (!place.current) return
    plot.current?.destroy()
    const width = place.current.clientWidth
    plot.current = new UPlot(optionsOf(lines, width, most), current.current, place.current)
  }, [lines, most])
  useEffect(() => {
    draw()
    const observer = new ResizeObserver(() => {
      if (place.current) plot.current?.setSize({ width: place.current.clientWidth, height: chartHeight })
    })
    if (place.current) observer.observe(place.current)
    return () => {
      observer.disconnect()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [draw])
  useEffect(() => plot.current?.setData(data), [data])
  useRedraw(draw)
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div ref={place} class="plot" />
    </figure>
  )
}

const chartHeight = 180

function optionsOf(lines: readonly Line[], width: number, most: number | undefined): UPlot.Options {
  const axis = {
    stroke: colourOf('text'),
    grid: { stroke: colourOf('line'), width: 1 },
    ticks: { stroke: colourOf('line') },
  }
  return {
    width,
    height: chartHeight,
    scales: {
      x: { time: false },
      y: { range: (_, __, max) => [0, most ?? Math.max(1, Math.ceil(max * 1.05))] },
    },
    axes: [
      { ...axis, values: (_, splits) => splits.map((seconds) => formatDuration(seconds * 1000)), space: 80 },
      { ...axis, size: 44 },
    ],
    series: [
      { label: 'time', value: (_, seconds) => formatDuration(seconds * 1000) },
      ...lines.map(({ title, colour }) => ({
        label: title,
        stroke: colourOf(colour),
        width: 1.5,
        points: { show: false },
        ...(UPlot.paths.stepped ? { paths: UPlot.paths.stepped({ align: 1 }) } : {}),
        value: (_: UPlot, value: number | null) => (value === null ? '' : String(Math.round(value))),
      })),
    ],
  }
}

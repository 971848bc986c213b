import { randomBytes } from 'node:crypto'
import { fstatSync } from 'node:fs'
import { jsonLine } from '../../domain/json-line.js'
import { noMask, type Mask } from '../../domain/secrets/mask.js'
import { maskValue } from '../../domain/secrets/mask-value.js'
import { publicPart } from '../../domain/shape/public-part.js'
import { cleanText } from '../../domain/text.js'
import type { Sink } from '../reporters/contract.js'
import type { Line } from '../describe.js'
import { painter, patchPainter, type Form } from '../paint.js'
import { printedShape, type Printed } from '../printed.js'
import { drained, writeTo } from './stream.js'
import { commandStop, jsonWithoutCommands, withoutCommands } from '../ci/workflow-commands.js'

let mask = noMask

/** From now on these secrets are masked in everything that is printed. */
export function maskOutput(by: Mask): void {
  mask = by
}

/** A sink for people: no secret and no control character ever reaches the stream. */
export function sinkOf(stream: NodeJS.WriteStream): Sink {
  return { write: (text) => writeText(stream, cleanText(mask.text(text))) }
}

/** As {@link sinkOf}, for lines with a tone. */
export function lineWriter(stream: NodeJS.WriteStream, form: Form): (line: Line) => void {
  const paint = painter(form)
  return ({ tone, text }) => writeText(stream, `${paint({ tone, text: cleanText(mask.text(text)) })}\n`)
}

/** Whether it is people who read a stream: on a terminal, or the log of a CI job. */
export function isForPeople(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY || (isOnRunner() && !isFile(stream))
}

const chunkBytes = 64 * 1024

/**
 * Prints a patch: for people clean and, on a terminal, in colour; else byte for byte but for secrets, as `git apply`
 * reads it. Resolves when its reader has nearly all of it.
 */
export async function printPatch(patch: Buffer, stream: NodeJS.WriteStream, { hasColour }: Form): Promise<void> {
  if (isForPeople(stream)) {
    const paint = patchPainter(hasColour)
    for (const line of patch.toString('utf8').replace(/\n$/, '').split('\n')) {
      writeText(stream, `${paint(cleanText(mask.text(line)).replaceAll('\n', ' '))}\n`)
      await drained(stream)
    }
    return
  }
  const masked = mask.stream()
  for (let from = 0; from < patch.length; from += chunkBytes) {
    writeTo(stream, masked.push(patch.subarray(from, from + chunkBytes)))
    await drained(stream)
  }
  writeTo(stream, masked.end())
}

/** One object on a line of stdout, for machines. */
export function printJson(value: Printed): void {
  jsonSink(process.stdout).write(jsonLine(publicPart(printedShape, maskValue(printedShape, value, mask))))
}

/** A sink for lines of JSON, in which the secrets are masked already. */
export function jsonSink(stream: NodeJS.WriteStream): Sink {
  return { write: (line) => writeTo(stream, isOnRunner() ? jsonWithoutCommands(line) : line) }
}

/** Text for a program, byte for byte: the secrets in it are masked already, and no line begins with outside text. */
export function printExactly(text: string): void {
  writeTo(process.stdout, text)
}

function writeText(stream: NodeJS.WriteStream, text: string): void {
  if (isOnRunner()) stopCommands(stream)
  writeTo(stream, isOnRunner() ? withoutCommands(text) : text)
}

/** Rings the bell of a terminal. */
export function ring(stream: NodeJS.WriteStream): void {
  if (stream.isTTY) writeTo(stream, '\u0007')
}

/** A line that the CI service is to obey; its parts are clean, and escaped as it wants them. */
export function writeCommand(stream: NodeJS.WriteStream, command: string): void {
  if (isFile(stream)) return
  stopCommands(stream)
  writeTo(stream, `${resume}${mask.text(command)}\n${stop}`)
}

/** A line that moves nothing on a terminal, as it is only for one that is none. */
export function writePlainly(stream: NodeJS.WriteStream, line: string): void {
  if (!isFile(stream)) writeTo(stream, `${mask.text(line)}\n`)
}

function isOnRunner(): boolean {
  return process.env.GITHUB_ACTIONS === 'true'
}

const stopped = new WeakSet<NodeJS.WriteStream>()
const { stop, resume } = commandStop(randomBytes(16).toString('hex'))

/**
 * Everything that autopilot prints in a log is between these two. It is harmless without them, too: the runner reads
 * stdout and stderr separately, so text on one may come before the marker on the other.
 */
function stopCommands(stream: NodeJS.WriteStream): void {
  if (stopped.has(stream)) return
  stopped.add(stream)
  if (isFile(stream)) return
  writeTo(stream, stop)
  process.once('exit', () => writeTo(stream, resume))
}

/** What goes into a file is not read by the runner. */
function isFile(stream: NodeJS.WriteStream & { readonly fd?: number }): boolean {
  try {
    return stream.fd !== undefined && fstatSync(stream.fd).isFile()
  } catch {
    return false
  }
}

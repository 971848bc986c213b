import { capture, type Captured, type CaptureOptions } from './capture.js'
import { barredProgram, ownPath, ownProgram } from '../programs/own-programs.js'

/** {@link capture}, of a program by its name: one that the repository worked on cannot have brought, on such a PATH. */
export function askProgram(name: string, args: readonly string[], options: CaptureOptions): Promise<Captured> {
  const { PATH: path } = options.env
  const file = ownProgram(name, path)
  if (file !== undefined) return capture(file, args, { ...options, env: { ...options.env, PATH: ownPath(path) } })
  const barred = barredProgram(name, path)
  const message =
    barred === undefined
      ? 'not found'
      : `there is only ${barred}, which autopilot does not use: an agent could have put it there`
  return Promise.resolve({ exit: { type: 'not_started', message }, stdout: '', stderr: '' })
}

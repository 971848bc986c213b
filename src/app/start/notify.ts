import { command } from '../../providers/command.js'
import type { BeginParts } from './begin.js'
import type { Guard } from './guard.js'
import { opened } from './table.js'
import { Notifier } from '../notify/notifier.js'

/** What a program needs to reach the person at the desk. */
const desk = ['DISPLAY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS']

/** What tells a person of the run, if `notify:` asks for it. */
export function openNotifier({ prepared, numbers, env, ground, watchdog }: BeginParts & Guard) {
  const settings = prepared.config.file.notify
  if (!settings) return opened<Notifier | undefined>(undefined)
  const passed = desk.flatMap((name): [string, string][] => (env[name] === undefined ? [] : [[name, env[name]]]))
  const seen = { ...Object.fromEntries(passed), ...numbers.environmentOf(command) }
  return opened<Notifier | undefined>(new Notifier({ settings, env: seen, directory: ground.root, watchdog }))
}

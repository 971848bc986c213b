/**
 * Listeners of abort signals, one for each signal and not for each of 20,000 reservations: Node looks through all of them
 * at each addition.
 */
export class AbortListeners {
  readonly #bySignal = new WeakMap<AbortSignal, Set<() => void>>()

  add(signal: AbortSignal | undefined, onAbort: () => void): void {
    if (!signal) return
    const known = this.#bySignal.get(signal)
    if (known) {
      known.add(onAbort)
      return
    }
    const listeners = new Set([onAbort])
    this.#bySignal.set(signal, listeners)
    signal.addEventListener('abort', () => [...listeners].forEach((listener) => listener()), { once: true })
  }

  remove(signal: AbortSignal | undefined, onAbort: () => void): void {
    if (signal) this.#bySignal.get(signal)?.delete(onAbort)
  }
}

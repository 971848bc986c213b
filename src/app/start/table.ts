import { ok, type Result } from '../../domain/result.js'

/** `isWhole`: what was done meanwhile came to its end; else a later row was refused, or something threw. */
type Close = (isWhole: boolean) => unknown
/** What a row has opened, and how to close it; or why the run can't begin. */
type Opened<Value, Refused> = Result<{ readonly value: Value; readonly close: Close }, Refused>
type Opening<Before, Value, Refused> = (before: Before) => Opened<Value, Refused> | Promise<Opened<Value, Refused>>
type Row<Refused> = readonly [name: string, open: Opening<never, unknown, Refused>]

export function opened<Value>(value: Value, close: Close = () => undefined): Opened<Value, never> {
  return ok({ value, close })
}

/**
 * Things that are open together. Each row is given what the rows before it have opened, by their names; what was opened is
 * closed in reverse, whatever happens: also when a row is refused, and when something throws.
 */
export class Table<Refused, Given extends object, All extends Given = Given> {
  constructor(private readonly rows: readonly Row<Refused>[] = []) {}

  /** The same table with a further row. */
  row<Name extends string, Value>(name: Name, open: Opening<All, Value, Refused>) {
    return new Table<Refused, Given, All & Readonly<Record<Name, Value>>>([...this.rows, [name, open]])
  }

  /** Opens the rows, does the work, closes the rows. Gives what the work gives, or what a row was refused with. */
  async during<End>(given: Given, work: (all: All) => Promise<End>): Promise<Result<End, Refused>> {
    const closings: Close[] = []
    const all: object = { ...given }
    const openAndWork = async (): Promise<Result<End, Refused>> => {
      for (const [name, open] of this.rows) {
        const row = await open(all as never)
        if (!row.ok) return row
        closings.unshift(row.value.close)
        Object.assign(all, { [name]: row.value.value })
      }
      return ok(await work(all as All))
    }
    try {
      const end = await openAndWork()
      await closeAll(closings.splice(0), end.ok)
      return end
    } finally {
      // Only after a bug is anything left; that bug is reported, whatever closing says.
      await closeAll(closings, false).catch(() => undefined)
    }
  }
}

/** Closes each, whether or not another fails. */
async function closeAll(closings: readonly Close[], isWhole: boolean): Promise<void> {
  const bugs: unknown[] = []
  for (const close of closings)
    await Promise.resolve(isWhole)
      .then(close)
      .catch((bug: unknown) => bugs.push(bug))
  if (bugs.length > 0) throw bugs[0]
}

declare const brand: unique symbol

/** A string or a number that stands for one thing and is not taken for another. Only the type says so. */
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** A moment by the wall clock, in ms since 1970; it may jump when the machine's clock is set. */
export type EpochMs = Brand<number, 'EpochMs'>

/** A moment by this process's monotonic clock, in ms; it means nothing to another process. */
export type MonotonicMs = Brand<number, 'MonotonicMs'>

/** The id of a task in the roadmap. */
export type TaskId = Brand<string, 'TaskId'>

/** What the trailers of commits call a task: its id, unless that doesn't fit on a line as it is. */
export type TaskTrailer = Brand<string, 'TaskTrailer'>

/** The id of a run. */
export type RunId = Brand<string, 'RunId'>

/** The full id of a commit. */
export type CommitId = Brand<string, 'CommitId'>

/** The full id of a tree, which two commits may have in common. */
export type TreeId = Brand<string, 'TreeId'>

/** The full name of a ref; its form tells it from ids and from the short names of branches. */
export type RefName = `refs/${string}`

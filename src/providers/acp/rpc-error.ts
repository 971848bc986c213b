/** An error with which the agent answered a request. Outside text. */
export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data: unknown
}

/** By its form: who made it is in another file of the program, whose classes are others. */
export function rpcErrorIn(error: unknown): RpcError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return undefined
  return { code: error.code, message: error.message, data: 'data' in error ? error.data : undefined }
}

/** `edit`: what is needed to change files in the workspace. `full`: no restriction by the CLI. */
export const permissionModes = ['edit', 'full'] as const
export type Permissions = (typeof permissionModes)[number]

/** What agents may do, and what those of single providers may do instead. */
export interface PermissionChoice {
  readonly general: Permissions
  readonly ofProviders: Readonly<Record<string, Permissions>>
}

export function permissionsOf({ general, ofProviders }: PermissionChoice, provider: string): Permissions {
  return Object.hasOwn(ofProviders, provider) ? (ofProviders[provider] ?? general) : general
}

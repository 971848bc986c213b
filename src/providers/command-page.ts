import type { ProviderPage } from './adapter/page.js'

export const commandPage: ProviderPage = { needs: '`/bin/sh`', finalEvent: 'the exit status' }

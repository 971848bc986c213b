import { configDefaults, defineConfig } from 'vitest/config'
import base from './vitest.config.js'

// `make kill-loop`.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/faults/slow/kill-loop.test.ts'],
    exclude: configDefaults.exclude,
    disableConsoleIntercept: true,
  },
})

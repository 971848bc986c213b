import { expect, test } from 'vitest'
import { isNoexec, isNoexecAt } from '../../../../src/platform/files/noexec.js'

const mounts = [
  '22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
  '23 22 0:21 / /home/ada/.cache rw,nosuid,noexec,relatime - tmpfs tmpfs rw',
  '24 23 0:22 / /home/ada/.cache/open rw,relatime - tmpfs tmpfs rw',
  '25 22 0:23 / /mnt/a\\040b rw,noexec - tmpfs tmpfs rw',
  '26 22 0:24 / /twice rw,noexec - tmpfs tmpfs rw',
  '27 26 0:25 / /twice rw - tmpfs tmpfs rw',
  '',
].join('\n')

test.each([
  ['/home/ada/.cache/autopilot', true],
  ['/home/ada/.cache', true],
  ['/home/ada/.cache2', false],
  ['/home/ada/.cache/open/x', false],
  ['/mnt/a b/c', true],
  ['/twice/x', false],
  ['/', false],
])('whether programs start from %s depends on the nearest and last mount: %s', (dir, expected) => {
  expect(isNoexecAt(dir, mounts)).toBe(expected)
})

test('programs start if nothing is known of mounts', async () => {
  expect(isNoexecAt('/x', '')).toBe(false)
  expect(await isNoexec(process.cwd())).toBe(false)
})

import { describe, expect, it } from 'vitest'
import { secretsOf, secretsOfFile, tooShort } from '../../../../src/domain/secrets/secrets.js'

const found = (name: string, value = 'some-value-of-it') => secretsOf({ [name]: value }, []).length > 0

describe('the secrets of an environment', () => {
  it.each([
    ...['NPM_TOKEN', 'TOKEN', 'GITHUB_PAT', 'ANTHROPIC_API_KEY', 'API_KEYS', 'AWS_SECRET_ACCESS_KEY', 'CLIENT_SECRET'],
    ...['PGPASSWORD', 'DB_PASSWORD_FILE_CONTENT', 'MYSQL_PWD', 'SMTP_PASS', 'GPG_PASSPHRASE', 'GOOGLE_CREDENTIALS'],
    ...['npm_config__authToken', 'npm_config__auth', 'apikey', 'MYAPIKEY', 'SESSION_COOKIE', 'JWT', 'SERVICE_JWT'],
    ...['SLACK_WEBHOOK_URL', 'WEBHOOK', 'TLS_PEM'],
  ])('are known by a name such as %s', (name) => {
    expect(found(name)).toBe(true)
  })

  it.each(['PATH', 'PWD', 'OLDPWD', 'HOME', 'KEYBOARD', 'MONKEY', 'GIT_AUTHOR_NAME', 'TOKENIZER', 'SSH_AUTH_SOCK'])(
    'do not include %s',
    (name) => {
      expect(found(name)).toBe(false)
    },
  )

  it.each([
    ['SIGNING_KEY_BASE64', 'c2lnbmluZyBrZXkgb2YgbWluZQ=='],
    ['KEY_ID_AND_SECRET', '9f86d081884c7d659a2feaa0c55ad015'],
    ['STRIPEKEY', 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'],
  ])('are what looks random under a name with KEY in it, such as %s', (name, value) => {
    expect(found(name, value)).toBe(true)
  })

  it.each([
    ['PRIMARY_KEY_COLUMN', 'customer_identifier_2'],
    ['SSH_KEY_PATH', '/home/somebody/.ssh/id_ed25519'],
    ['KEYCLOAK_URL', 'https://keycloak.example.org/realms/one'],
    ['KEYBOARD_LAYOUT', 'de-latin1-nodeadkeys'],
    ['KEYS_FILE', './config/keys-2026-01-01.json'],
    ['SIGNING_KEY_BASE64', 'c2hvcnQ='],
  ])('do not include what stands under %s and looks like a name, a place or a word: %s', (name, value) => {
    expect(found(name, value)).toBe(false)
  })

  it('are known by the names that a person gives', () => {
    expect(secretsOf({ MINE: 'my-own-value', OTHER: 'other-value' }, ['MINE'])).toEqual(['my-own-value'])
  })

  it.each([
    ['postgres://app:s3cr3t-pass@db.example/app?x=1', ['s3cr3t-pass']],
    ['postgres://app:p%40ss%2Fword@db/app', ['p%40ss%2Fword', 'p@ss/word']],
    ['https://ghp_0123456789abcdefghij@github.com/o/r', ['ghp_0123456789abcdefghij']],
    ['redis://:short@cache:6379', [':short@']],
    ['https://someone@example.org/', []],
    ['https://example.org/a@b:c', []],
    ['https://a:first-password@x/ https://b:second-password@y/', ['first-password', 'second-password']],
  ])('are the passwords in URLs, whatever the variable: %s', (url, expected) => {
    expect([...new Set(secretsOf({ DATABASE_URL: url }, []))]).toEqual(expected)
  })

  it('take no time to find in a long value', () => {
    expect(secretsOf({ LONG: 'a'.repeat(1_000_000) }, [])).toEqual([])
  })
})

describe('the secrets of a file that was named for them', () => {
  it('are all its values but those that are plainly something else', () => {
    const values = {
      STRIPE_SK: 'sk_live_0123456789',
      NODE_ENV: 'development',
      PORT: '5432',
      BASE_URL: 'https://example.org/',
      DIR: './some/path',
      DB_PASSWORD: 'letters',
    }
    expect([...secretsOfFile(values, [])].sort()).toEqual(['letters', 'sk_live_0123456789'])
  })
})

it('names those whose values are too short to be masked', () => {
  expect(tooShort({ PIN: '1234', LONG: '12345678', EMPTY: '' }, ['PIN', 'LONG', 'EMPTY', 'NONE'])).toEqual(['PIN'])
})

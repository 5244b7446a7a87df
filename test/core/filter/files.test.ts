import { createHash } from 'node:crypto'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { fileText } from '../../../src/core/filter/file-text.ts'
import { prepareShare } from '../../../src/core/filter/preview.ts'
import type { Part } from '../../../src/core/model/conversation.ts'
import { Did } from '../../../src/core/model/id.ts'
import { parsePlaintext } from '../../../src/core/pipeline/plaintext.ts'

const alice = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')
const token = `ghp_${'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'.slice(0, 36)}`
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const attached = (bytes: Uint8Array, name = 'a.txt'): Part => ({
  type: 'attachment',
  name,
  mime: null,
  size: bytes.length,
  text: null,
  asset: sha(bytes),
  missing: false,
})

const share = (files: Uint8Array[], onFindings?: 'redact' | 'allow') => {
  const here = new Map(files.map(bytes => [sha(bytes), bytes]))
  return prepareShare(
    {
      conversation: {
        title: null,
        messages: [
          {
            index: 1,
            role: 'user',
            createdAtMs: null,
            hidden: false,
            branch: 'main',
            parts: [{ type: 'text', text: 'see', format: 'md' }, ...files.map(bytes => attached(bytes))],
          },
        ],
      },
      owner: alice,
      include: ['attachments'],
      onFindings,
    },
    {
      clock: { nowMs: () => 0 },
      assets: {
        size: async name => here.get(name)?.length ?? null,
        read: async (name, bytes) => here.get(name)?.subarray(0, bytes) ?? null,
      },
    },
  )
}

t.test('a secret in an attached text blocks, and redacted the file leaves without it', async t => {
  const bytes = Buffer.from(`TOKEN=${token}\n`.repeat(3))
  const blocked = await share([bytes])
  t.equal(blocked.blocked, true)
  t.same(blocked.unscanned, [])
  t.same(
    blocked.findings.map(({ where, places }) => [where, places]),
    [['attachment.file', 3]],
  )
  const { assetsNeeded, replaced, plaintext, messages } = await share([bytes], 'redact')
  const [asset] = assetsNeeded
  const redacted = replaced.get(asset?.sha256 ?? '') ?? new Uint8Array(0)
  t.equal(Buffer.from(redacted).toString(), 'TOKEN=[secret:github-token#1]\n'.repeat(3))
  t.same(asset, { sha256: sha(redacted), mime: null, bytes: redacted.length })
  t.match(messages[0]?.parts[1], { asset: sha(redacted), size: redacted.length })
  t.same(parsePlaintext(plaintext).assets, assetsNeeded)
  t.notOk(Buffer.from(plaintext).includes(sha(bytes)), 'the hash of what stays here does not leave either')
  const allowed = await share([bytes], 'allow')
  t.same(allowed.assetsNeeded, [{ sha256: sha(bytes), mime: null, bytes: bytes.length }])
})

t.test('text is text in several encodings, and comes back in its own', async t => {
  const text = `clé: TOKEN=${token} é`
  const big = Buffer.from(`\ufeff${text}`, 'utf16le').swap16()
  const encodings: [string, Buffer, (bytes: Uint8Array) => string][] = [
    ['utf-8', Buffer.from(text), bytes => Buffer.from(bytes).toString()],
    ['utf-8 with mark', Buffer.from(`\ufeff${text}`), bytes => Buffer.from(bytes).toString()],
    ['utf-16le', Buffer.from(`\ufeff${text}`, 'utf16le'), bytes => Buffer.from(bytes).toString('utf16le')],
    ['utf-16be', big, bytes => Buffer.from(bytes).swap16().toString('utf16le')],
    ['latin-1', Buffer.from(text, 'latin1'), bytes => Buffer.from(bytes).toString('latin1')],
    ['with a null in it', Buffer.from(`${text}\0`), bytes => Buffer.from(bytes).toString()],
  ]
  for (const [name, bytes, decode] of encodings) {
    const { assetsNeeded, replaced, unscanned } = await share([bytes], 'redact')
    const left = decode(replaced.get(assetsNeeded[0]?.sha256 ?? '') ?? new Uint8Array(0))
    t.equal(left.replace(/^\ufeff|\0$/g, ''), text.replace(token, '[secret:github-token#1]'), name)
    t.same(unscanned, [], name)
  }
})

t.test('an attached JSON document stays one', async t => {
  const bytes = Buffer.from(JSON.stringify({ password: 'hunter2x', list: [token, 1.5] }))
  const { assetsNeeded, replaced } = await share([bytes], 'redact')
  t.same(JSON.parse(Buffer.from(replaced.get(assetsNeeded[0]?.sha256 ?? '') ?? []).toString()), {
    password: '[secret:assigned-secret#1]',
    list: ['[secret:github-token#1]', 1.5],
  })
})

t.test('what is no text leaves as it is, and is named as not looked into', async t => {
  const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), deflateSync(Buffer.from(token))])
  const pdf = Buffer.from('%PDF-1.4\n1 0 obj <</Length 3>>')
  const files = [png, pdf, gzipSync(token), Buffer.from([0xff, 0xfe, 0x41])]
  const { unscanned, assetsNeeded, replaced } = await share(files)
  t.equal(unscanned.length, files.length)
  t.same(
    assetsNeeded.map(({ sha256 }) => sha256),
    files.map(bytes => sha(bytes)),
  )
  t.equal(replaced.size, 0)
})

t.test('law: a text file that is not changed comes back byte for byte', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
      const file = fileText(bytes)
      return file === null || Buffer.compare(file.encode(file.text), bytes) === 0
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const bytes = Buffer.from(text)
      const file = fileText(bytes)
      return file === null || Buffer.compare(file.encode(file.text), bytes) === 0
    }),
  )
})

import fc from 'fast-check'
import t from 'tap'
import { decodeCbor, encodeCbor } from '../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { sha256 } from '../../src/core/crypto/hash.ts'
import { toHex, utf8 } from '../../src/core/kernel/bytes.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import type { Part } from '../../src/core/model/conversation.ts'
import { Did } from '../../src/core/model/id.ts'
import {
  buildPlaintext,
  decodeSealed,
  digest,
  encodeSealed,
  openRedaction,
  type Plaintext,
  parsePlaintext,
  signRedaction,
} from '../../src/core/pipeline/plaintext.ts'

const owner = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')
const file = utf8('tea, two minutes')
const sha = toHex(sha256(file))
const parts: Part[] = [
  { type: 'text', text: 'two minutes ☕', format: 'md' },
  { type: 'code', text: 'steep(120)', lang: null },
  { type: 'image', asset: sha, mime: 'image/png', width: 3, height: null, alt: null, missing: false },
  { type: 'toolCall', callId: 'c1', name: 'timer', input: '{"s":1.5}' },
  { type: 'toolResult', callId: 'c1', output: 'rang', isError: false },
  { type: 'thinking', text: 'hm', summary: null, opaque: false },
  { type: 'citation', url: 'https://example.org', title: null, start: 0, end: 3, snippet: null },
  { type: 'attachment', name: 'a.txt', mime: null, size: 1, text: 'x', asset: null, missing: true },
  { type: 'unknown', raw: '{"type":"new"}' },
]
const plain = (over: Partial<Plaintext> = {}): Omit<Plaintext, 'v'> => ({
  title: 'Tea',
  note: null,
  owner,
  messages: [
    { index: 1, role: 'user', createdAt: 1_700_000_000_000, parts },
    { index: 2, role: 'assistant', createdAt: null, parts: parts.slice(0, 1) },
  ],
  redaction: null,
  assets: [{ sha256: sha, mime: 'image/png', bytes: file.length }],
  ...over,
})
const refused = (name: string, run: () => unknown) => t.throws(run, { name: 'VivimError' }, name)

t.test('plaintext v1 reads back as it was written, whatever the order of its fields', async t => {
  const bytes = buildPlaintext(plain())
  t.same(parsePlaintext(bytes), { v: 1, ...plain() })
  t.same(bytes, buildPlaintext(Object.fromEntries(Object.entries(plain()).reverse()) as Omit<Plaintext, 'v'>))
  t.match(digest(bytes), /^[0-9a-f]{64}$/)
  t.not(digest(bytes), digest(buildPlaintext(plain({ title: 'tea' }))))
})

t.test('half a surrogate pair becomes a replacement character before anything is hashed', async t => {
  const { title, messages } = parsePlaintext(
    buildPlaintext(
      plain({
        title: 'a\ud800',
        messages: [
          {
            index: 1,
            role: 'user',
            createdAt: null,
            parts: [{ type: 'text', text: '\udc00b', format: 'md' }],
          },
        ],
      }),
    ),
  )
  t.equal(title, 'a\ufffd')
  t.same(messages[0]?.parts, [{ type: 'text', text: '\ufffdb', format: 'md' }])
})

t.test('other shapes are refused, writing and reading', async () => {
  const good = decodeCbor(buildPlaintext(plain()), 1e6) as Record<string, never>
  const message = { index: 1, role: 'user', createdAt: null, parts: parts.slice(0, 1) }
  const wrong: Record<string, unknown> = {
    'another version': { ...good, v: 2 },
    'a field too many': { ...good, extra: 1 },
    'no messages': { ...good, messages: [] },
    'a gap in the numbers': { ...good, messages: [{ ...message, index: 2 }] },
    'a message without parts': { ...good, messages: [{ ...message, parts: [] }] },
    'a part of no known type': { ...good, messages: [{ ...message, parts: [{ type: 'x' }] }] },
    'an owner who is none': { ...good, owner: 'did:web:example.org' },
    'a title that is too long': { ...good, title: 'a'.repeat(70_000) },
    'not a map': [good],
  }
  for (const [name, value] of Object.entries(wrong))
    refused(name, () => parsePlaintext(encodeCbor(JSON.parse(JSON.stringify(value)))))
  refused('a time that is no integer', () =>
    buildPlaintext(plain({ messages: [{ index: 1, role: 'user', createdAt: 1.5, parts }] })),
  )
})

const key = new Ed25519Key(new Uint8Array(32).fill(7))
const redaction = { rules: 'ab'.repeat(32), counts: { email: 2, 'github-token': 1 } }
const redacted = buildPlaintext(plain({ redaction }))
const receipt = signRedaction(redacted, redaction, { key, doc: new Uint8Array(32), atMs: 5, seq: 0 })

t.test('what is sealed reads back with receipt and assets', async t => {
  const sealed = encodeSealed(redacted, receipt.wire, [file])
  const opened = decodeSealed(sealed)
  t.same(opened.plaintext, redacted)
  t.same(opened.assets, [file])
  t.same(opened.receipt, receipt.wire)
  t.same(openRedaction(receipt.wire, redacted).payload.counts, redaction.counts)
  t.same(decodeSealed(encodeSealed(buildPlaintext(plain()), null, [file])).receipt, null)
})

t.test('a receipt over another text, or with other counts, does not count', async t => {
  const other = buildPlaintext(plain({ redaction, title: 'Coffee' }))
  t.throws(() => openRedaction(receipt.wire, other), { code: 'crypto/bad-signature' })
  const more = { ...redaction, counts: { email: 3 } }
  const lying = signRedaction(redacted, more, { key, doc: new Uint8Array(32), atMs: 5, seq: 0 })
  t.throws(() => openRedaction(lying.wire, redacted), { code: 'crypto/bad-signature' })
})

t.test('sealed content that was changed or cut is refused with a code', async t => {
  const sealed = encodeSealed(redacted, receipt.wire, [file])
  refused('another file', () => encodeSealed(redacted, receipt.wire, [utf8('other')]))
  refused('a file too few', () => encodeSealed(redacted, receipt.wire, []))
  refused('no receipt', () => decodeSealed(encodeSealed(redacted, null, [file])))
  refused('a byte more', () => decodeSealed(new Uint8Array([...sealed, 0])))
  refused('a length written too long', () => decodeSealed(new Uint8Array([0x80, 0x00])))
  refused('a length over the limit', () => decodeSealed(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x7f])))
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ flip
      try {
        decodeSealed(changed)
      } catch (error) {
        return error instanceof VivimError
      }
      return true
    }),
  )
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), length => {
      try {
        decodeSealed(sealed.subarray(0, length))
      } catch (error) {
        return error instanceof VivimError
      }
      return false
    }),
  )
  t.pass()
})

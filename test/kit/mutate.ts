/** Structured mutation of dag-cbor: a valid value is taken apart, some of its places get what no honest program writes there, and it is
 *  written again, canonical or not. What a signature would stop before the interesting code is signed again by the attacker. */
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { type CborValue, encodeCbor } from '../../src/core/crypto/cbor.ts'
import type { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { bound } from '../../src/core/crypto/labels.ts'
import { concat, utf8 } from '../../src/core/kernel/bytes.ts'

/** dag-cbor taken apart; `raw` is written as it is. */
type Node =
  | { kind: 'raw'; bytes: Uint8Array }
  | { kind: 'list'; items: Node[]; claim: number | null }
  | { kind: 'map'; entries: [Node, Node][]; claim: number | null }

/** One step of damage: where, what, and a number for what needs one. */
interface Edit {
  at: number
  how: number
  arg: number
}

const raw = (bytes: Uint8Array): Node => ({ kind: 'raw', bytes })
const hex = (text: string): Node => raw(Uint8Array.from(Buffer.from(text, 'hex')))
const value = (one: CborValue): Node => raw(encodeCbor(one))

/** Initial byte and argument, in 8 bytes where it does not fit 4, whatever follows. */
function head(major: number, argument: number): Uint8Array {
  const bytes = Buffer.alloc(9)
  if (argument < 24) return Uint8Array.of((major << 5) | argument)
  if (argument < 0x100) return Uint8Array.of((major << 5) | 24, argument)
  if (argument < 0x10000) return Uint8Array.of((major << 5) | 25, argument >> 8, argument & 255)
  if (argument < 0x100000000) {
    bytes[0] = (major << 5) | 26
    bytes.writeUInt32BE(argument, 1)
    return Uint8Array.from(bytes.subarray(0, 5))
  }
  bytes[0] = (major << 5) | 27
  bytes.writeBigUInt64BE(BigInt(argument), 1)
  return Uint8Array.from(bytes)
}

function takeApart(from: CborValue): Node {
  if (Array.isArray(from)) return { kind: 'list', items: from.map(takeApart), claim: null }
  if (typeof from !== 'object' || from === null || from instanceof Uint8Array || CID.asCID(from))
    return value(from)
  // Written by the real encoder once, so that the order of keys is the right one until it is changed.
  const keys = Object.keys(from).sort(
    (a, b) => utf8(a).length - utf8(b).length || Buffer.compare(utf8(a), utf8(b)),
  )
  const map = from as { readonly [key: string]: CborValue }
  return {
    kind: 'map',
    entries: keys.map(key => [value(key), takeApart(map[key] as CborValue)]),
    claim: null,
  }
}

function write(node: Node): Uint8Array {
  if (node.kind === 'raw') return node.bytes
  if (node.kind === 'list') return concat(head(4, node.claim ?? node.items.length), ...node.items.map(write))
  const pairs = node.entries.flatMap(([key, item]) => [write(key), write(item)])
  return concat(head(5, node.claim ?? node.entries.length), ...pairs)
}

const nested = (depth: number, start: number): Node =>
  raw(Uint8Array.from([...new Array<number>(depth).fill(start), 0xf6]))

/** Values where something else was: of every type, at and beyond every edge. */
const ODD: (() => Node)[] = [
  ...[0, 1, -1, 23, 24, 255, 256, 65_535, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER].map(n => () => value(n)),
  () => value(-Number.MAX_SAFE_INTEGER),
  () => hex('1bffffffffffffffff'),
  () => hex('3bffffffffffffffff'),
  () => hex('f93c00'),
  () => hex('f97e00'),
  () => hex('fb7ff0000000000000'),
  () => hex('f7'),
  () => hex('f6'),
  () => hex('f5'),
  () => hex('e0'),
  () => hex('ff'),
  () => hex('c001'),
  () => hex('c249010000000000000000'),
  () => hex('1801'),
  () => value(''),
  () => value('a'),
  () => value('__proto__'),
  () => value('\u202e\u0000\ufeff'),
  () => value('did:key:z'),
  () => value(`did:key:z6Mk${'1'.repeat(44)}`),
  () => value('/ip4/127.0.0.1/tcp/1'),
  () => value('x'.repeat(300)),
  () => value('é'.repeat(70_000)),
  () => hex('62ffff'),
  () => value(new Uint8Array(0)),
  ...[1, 16, 31, 32, 33, 36, 38, 64, 1216, 5_000].map(n => () => value(new Uint8Array(n).fill(n & 255))),
  () => value(new Uint8Array(32)),
  () => value([]),
  () => value({}),
  () => value([[], [[]], {}]),
  () => value({ a: { b: [] } }),
  () => hex('a1695f5f70726f746f5f5fa161616131'),
  () => hex('80'),
  () => hex('a0'),
  () => hex('9f00ff'),
  () => hex('5f4101ff'),
  () => hex('9affffffff'),
  () => hex('9a80000000'),
  () => hex('bb7fffffffffffffff'),
  () => hex('5b7fffffffffffffff'),
  () => hex('7affffffff'),
  () => hex('a2616100616101'),
  () => hex('a2616200616101'),
  () => hex('d82a450001550000'),
  () => hex('d82a582500015512200000000000000000000000000000000000000000000000000000000000000000'),
  () => hex('d82a582500017112200000000000000000000000000000000000000000000000000000000000000000'),
  () => hex('d82a582500010112200000000000000000000000000000000000000000000000000000000000000000'),
  () => nested(63, 0x81),
  () => nested(70, 0x81),
  () => nested(20_000, 0x81),
  () => value(Array.from({ length: 3_000 }, (_, n) => n)),
  () => value(Array.from({ length: 70_000 }, () => new Uint8Array(0))),
]

/** All places of a tree, the tree itself first. */
function* places(
  node: Node,
  put: (node: Node) => void,
): Generator<{ node: Node; put: (node: Node) => void }> {
  yield { node, put }
  if (node.kind === 'list')
    for (const [at, item] of node.items.entries())
      yield* places(item, other => {
        node.items[at] = other
      })
  if (node.kind === 'map')
    for (const entry of node.entries) {
      yield {
        node: entry[0],
        put: other => {
          entry[0] = other
        },
      }
      yield* places(entry[1], other => {
        entry[1] = other
      })
    }
}

const pick = <T>(from: readonly T[], n: number): T => from[n % from.length] as T

function edit(root: Node, { at, how, arg }: Edit): Node {
  let top = root
  const all = [
    ...places(root, other => {
      top = other
    }),
  ]
  const { node, put } = pick(all, at)
  const kind = how % 10
  if (node.kind === 'raw' || kind < 3) put(pick(ODD, arg)())
  else if (node.kind === 'list') {
    if (kind === 3) node.items.splice(arg % (node.items.length + 1), 1)
    else if (kind === 4) node.items.push(pick(ODD, arg)())
    else if (kind === 5) node.items.push(...node.items)
    else if (kind === 6) node.items.reverse()
    else if (kind === 7) node.claim = pick([0, 1, 24, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER], arg)
    else node.items.splice(0)
  } else {
    const name = pick(
      ['x', 'v', 'type', 'crit', '__proto__', 'constructor', 'toString', 'zz'.repeat(40)],
      arg,
    )
    if (kind === 3) node.entries.splice(arg % (node.entries.length + 1), 1)
    else if (kind === 4) node.entries.push([value(name), pick(ODD, arg)()])
    else if (kind === 5) node.entries.push(...node.entries.slice(0, 1))
    else if (kind === 6) node.entries.reverse()
    else if (kind === 7) node.claim = pick([0, 1, 24, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER], arg)
    else node.entries.unshift([value('crit'), value([name, 'at'])])
  }
  return top
}

/** What is done to the bytes at the end, most times nothing. */
function scratch(bytes: Uint8Array, { at, how, arg }: Edit): Uint8Array {
  if (how < 6 || bytes.length === 0) return bytes
  const place = at % bytes.length
  if (how === 6) return bytes.slice(0, place)
  if (how === 7) return concat(bytes, Uint8Array.of(arg & 255))
  if (how === 8) return bytes.map((byte, n) => (n === place ? byte ^ (1 << (arg & 7)) : byte))
  return concat(bytes.slice(0, place), bytes.slice(place + 1 + (arg % 40)))
}

const anEdit = fc.record({ at: fc.nat(100_000), how: fc.nat(9), arg: fc.nat(100_000) })
const damage = fc.record({ edits: fc.array(anEdit, { minLength: 1, maxLength: 3 }), end: anEdit })

/** Bytes that were a valid value of this shape. @param seeds - valid values. */
export const mutants = (...seeds: readonly CborValue[]): fc.Arbitrary<Uint8Array> =>
  fc.tuple(fc.nat(seeds.length - 1), damage).map(([which, { edits, end }]) => {
    let root = takeApart(seeds[which] as CborValue)
    for (const one of edits) root = edit(root, one)
    return scratch(write(root), end)
  })

/** Signed objects whose payload was changed before the attacker signed it, so that the signature holds.
 *  @param payloads - valid payloads; `type`, `v` and `by` are added. */
export const signedMutants = (
  type: string,
  key: Ed25519Key,
  ...payloads: readonly { readonly [name: string]: CborValue }[]
): fc.Arbitrary<Uint8Array> =>
  mutants(...payloads.map(fields => ({ ...fields, type, v: 1, by: key.publicKey }))).map(payload =>
    encodeCbor([payload, key.sign(bound(type, payload))]),
  )

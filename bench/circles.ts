/** Circles: taking one out (a fresh secret, the signed entry, the secret wrapped and signed for everybody who is left), beside a commit of
 *  MLS that does the same, and reading long logs. */
import crypto from 'node:crypto'
import {
  createCommit,
  createGroup,
  defaultCapabilities,
  defaultLifetime,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  type Proposal,
} from 'ts-mls'
import { type Entry, parseEntry, readKeptEntry } from '../src/core/circle/entry.ts'
import { makeEpoch, makeWrap } from '../src/core/circle/epoch.ts'
import { makeAdd, makeRemove, makeRename, makeRotate } from '../src/core/circle/new-entry.ts'
import { CircleReduction, reduceCircle } from '../src/core/circle/reduce.ts'
import { XWingKey } from '../src/core/crypto/xwing.ts'
import { activeDevices } from '../src/core/identity/document.ts'
import { utf8 } from '../src/core/kernel/bytes.ts'
import { systemChance } from '../src/core/kernel/env.ts'
import type { Did } from '../src/core/model/id.ts'
import { begin } from '../test/kit/circle.ts'
import { makePerson, type Person, START_MS } from '../test/kit/person.ts'
import type { Bench } from './bench.ts'
import { inTurns } from './measure.ts'

const ROUNDS = 9
const MANY_ROUNDS = 7
const FEW = 50
const MANY = 1_000
const LONG = 10_000
const MLS_SUITE = 'MLS_256_XWING_AES256GCM_SHA512_Ed25519'

const audienceOf = ({ document }: Person) => ({ did: document.did, devices: activeDevices(document) })

/** A log that its owner writes, each entry after all before it. */
class Writer {
  readonly owner = makePerson('owner')
  readonly log: Entry[] = [begin(this.owner)]
  readonly inside: Person[] = [this.owner]

  get circle() {
    return (this.log[0] as Entry).circle
  }

  at() {
    const prev = [this.log.at(-1)?.hash ?? '']
    return { circle: this.circle, signer: this.owner.document, prev, atMs: START_MS }
  }

  epoch() {
    return makeEpoch(this.inside.map(audienceOf), systemChance).epoch
  }

  add(person: Person): void {
    this.inside.push(person)
    const fields = { document: person.document, role: 'member', card: null, epoch: this.epoch() } as const
    this.log.push(makeAdd(this.at(), fields, this.owner.device.sign))
  }

  remove(person: Person): void {
    this.inside.splice(this.inside.indexOf(person), 1)
    this.log.push(makeRemove(this.at(), person.document.did, this.epoch(), this.owner.device.sign))
  }

  next(op: 'rename' | 'rotate'): Entry {
    const key = this.owner.device.sign
    return op === 'rename'
      ? makeRename(this.at(), `name ${this.log.length}`, key)
      : makeRotate(this.at(), this.epoch(), key)
  }
}

const peopleOf = (count: number): Person[] =>
  Array.from({ length: count }, (_, at) => makePerson(`member ${at}`))

interface Somebody {
  did: Did
  devices: readonly { ed: Uint8Array; kem: Uint8Array }[]
}

/** What a removal takes. @returns the size of its entry. */
function removalFrom(writer: Writer) {
  const { members, heads, circle } = reduceCircle(writer.circle, writer.log)
  const { owner } = writer
  const out = members.find(({ did }) => did !== owner.keystore.did)
  if (out === undefined) throw new Error('nobody can be removed')
  const left = members.filter(({ did }) => did !== out.did)
  const by = { circle, signer: owner.document, prev: heads, atMs: START_MS }
  const remove = (people: readonly Somebody[] = left): number => {
    const { secret, epoch } = makeEpoch(people, systemChance)
    const entry = makeRemove(by, out.did, epoch, owner.device.sign)
    for (const { did, devices } of people)
      makeWrap(
        { circle, epoch: entry.hash, secret, to: did, devices, document: owner.document, atMs: START_MS },
        owner.device.sign,
        systemChance,
      )
    return entry.wire.length
  }
  return { left, remove }
}

/** The same people with keys that nobody sealed to yet. */
const withNewKeys = (people: readonly Somebody[]): Somebody[] =>
  people.map(({ did, devices }) => ({
    did,
    devices: devices.map(({ ed }) => ({ ed, kem: new XWingKey(systemChance.bytes(32)).publicKey })),
  }))

/** The same operations without a format: what nobody can save. */
function bareOf(count: number) {
  const mlkem = crypto.generateKeyPairSync('ml-kem-768').publicKey
  const x25519 = crypto.generateKeyPairSync('x25519').publicKey
  const ed25519 = crypto.generateKeyPairSync('ed25519').privateKey
  // As long as a wrap for one device, which is padded.
  const message = systemChance.bytes(5_600)
  return (): void => {
    for (let at = 0; at < count; at++) {
      crypto.encapsulate(mlkem)
      const { privateKey } = crypto.generateKeyPairSync('x25519')
      crypto.diffieHellman({ privateKey, publicKey: x25519 })
      crypto.sign(null, message, ed25519)
    }
  }
}

/** A group of MLS in which everybody was added at once, and the commit that removes one of them. */
async function mlsRemoval(count: number): Promise<() => Promise<unknown>> {
  const cipherSuite = await getCiphersuiteImpl(getCiphersuiteFromName(MLS_SUITE))
  const packageOf = (name: string) =>
    generateKeyPackage(
      { credentialType: 'basic', identity: utf8(name) },
      defaultCapabilities(),
      defaultLifetime,
      [],
      cipherSuite,
    )
  const owner = await packageOf('owner')
  const empty = await createGroup(utf8('group'), owner.publicPackage, owner.privatePackage, [], cipherSuite)
  const adds: Proposal[] = []
  for (let at = 1; at < count; at++) {
    const { publicPackage } = await packageOf(`member ${at}`)
    adds.push({ proposalType: 'add', add: { keyPackage: publicPackage } })
  }
  const { newState: state } = await createCommit({ state: empty, cipherSuite }, { extraProposals: adds })
  const remove: Proposal = { proposalType: 'remove', remove: { removed: 1 } }
  return () => createCommit({ state, cipherSuite }, { extraProposals: [remove] })
}

/** 10,000 entries of all kinds, with some 270 people in the end. */
function longLog(): Writer {
  const writer = new Writer()
  const outside = peopleOf(300)
  let turn = 0
  while (writer.log.length < LONG) {
    const kind = writer.log.length % 10
    const coming = outside.shift()
    if (coming && (writer.inside.length < 270 || kind < 3)) writer.add(coming)
    else {
      if (coming) outside.unshift(coming)
      const going = writer.inside[1 + (turn++ % (writer.inside.length - 1))] as Person
      if (kind < 6) {
        writer.remove(going)
        outside.push(going)
      } else writer.log.push(writer.next(kind < 8 ? 'rotate' : 'rename'))
    }
  }
  return writer
}

export const circles: Bench = {
  async *run() {
    const writer = new Writer()
    const people = peopleOf(MANY - 1)
    for (const person of people.slice(0, FEW - 1)) writer.add(person)
    const few = [...writer.log]
    const { remove: removeFew } = removalFrom(writer)
    const { ours, bare, mls, reading } = await inTurns(ROUNDS, {
      ours: { run: () => removeFew() },
      bare: { run: bareOf(FEW) },
      mls: { run: await mlsRemoval(FEW) },
      reading: { run: () => reduceCircle(writer.circle, few) },
    })
    yield {
      what: `remove one of a circle of ${FEW}: new key, entry, wraps, signatures`,
      value: ours.medianMs,
      unit: 'ms',
      beside: { what: 'ts-mls, a commit with X-Wing', value: mls.medianMs },
      budget: { on: 'value', atMost: 20 },
    }
    yield {
      what: 'the same, beside what nobody can save',
      value: ours.medianMs,
      unit: 'ms',
      beside: { what: 'ML-KEM, X25519 and Ed25519 alone, by OpenSSL', value: bare.medianMs },
      budget: null,
    }
    yield {
      what: `who is in a circle of ${FEW}: all its entries read anew`,
      value: reading.medianMs,
      unit: 'ms',
      beside: null,
      budget: null,
    }

    for (const person of people.slice(FEW - 1)) writer.add(person)
    const { left, remove: removeOne } = removalFrom(writer)
    const entryBytes = removeOne()
    // One after the other: keys never seen drive out those that are kept from one time to the next.
    const { many, bareMany } = await inTurns(MANY_ROUNDS, {
      many: { run: () => removeOne() },
      bareMany: { run: bareOf(MANY) },
    })
    const { unseen, bareUnseen } = await inTurns(MANY_ROUNDS, {
      unseen: { prepare: () => withNewKeys(left), run: removeOne },
      bareUnseen: { run: bareOf(MANY) },
    })
    yield {
      what: `remove one of a circle of ${MANY.toLocaleString('en')}: new key, entry, wraps, signatures`,
      value: many.medianMs,
      unit: 'ms',
      beside: { what: 'ML-KEM, X25519 and Ed25519 alone, by OpenSSL', value: bareMany.medianMs },
      budget: { on: 'value', atMost: 250 },
    }
    yield {
      what: 'the same, to people whose keys this process never saw',
      value: unseen.medianMs,
      unit: 'ms',
      beside: { what: 'ML-KEM, X25519 and Ed25519 alone, by OpenSSL', value: bareUnseen.medianMs },
      budget: { on: 'value', atMost: 250 },
    }
    yield {
      what: 'the entry of that removal',
      value: entryBytes / 1_000,
      unit: 'kB',
      beside: null,
      budget: { on: 'value', atMost: 4 },
    }

    const long = longLog()
    const next = long.next('rename')
    const rotation = long.next('rotate')
    const reduced = (): CircleReduction => {
      const reduction = new CircleReduction(long.circle, long.log)
      reduction.state
      return reduction
    }
    const takes = (entry: Entry) => (reduction: CircleReduction) => {
      if (reduction.faultOf(entry) !== null || !reduction.add(entry))
        throw new Error('it was not taken alone')
      return reduction.state
    }
    const { whole, renaming, rotating } = await inTurns(ROUNDS, {
      whole: { run: reduced },
      renaming: { prepare: reduced, run: takes(next) },
      rotating: { prepare: reduced, run: takes(rotation) },
    })
    const beside = { what: 'all of it anew', value: whole.medianMs }
    yield {
      what: `reduce a log of ${LONG.toLocaleString('en')} entries the first time`,
      value: whole.medianMs,
      unit: 'ms',
      beside: null,
      budget: { on: 'value', atMost: 500 },
    }
    yield {
      what: 'one more entry on top of it: another name',
      value: renaming.medianMs,
      unit: 'ms',
      beside,
      budget: null,
    }
    yield {
      what: 'one more entry on top of it: another key, with who is in looked through',
      value: rotating.medianMs,
      unit: 'ms',
      beside,
      budget: null,
    }

    const { kept, verified } = await inTurns(3, {
      kept: { run: () => long.log.map(({ wire, hash }) => readKeptEntry(wire, hash)) },
      verified: { run: () => long.log.map(({ wire }) => parseEntry(wire)) },
    })
    yield {
      what: 'read its entries at a start, as they were stored',
      value: kept.medianMs,
      unit: 'ms',
      beside: { what: 'with all their signatures', value: verified.medianMs },
      budget: null,
    }
  },
}

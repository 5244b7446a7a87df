/** Taking one out of a circle: a fresh secret, the signed entry, and the secret wrapped and signed for everybody who is left. */
import crypto from 'node:crypto'
import { makeRemove } from '../src/core/circle/entry.ts'
import { makeEpoch, makeWrap } from '../src/core/circle/epoch.ts'
import { reduceCircle } from '../src/core/circle/reduce.ts'
import { systemChance } from '../src/core/kernel/env.ts'
import { add, begin } from '../test/kit/circle.ts'
import { makePerson, START_MS } from '../test/kit/person.ts'
import type { Bench } from './bench.ts'
import { inTurns } from './measure.ts'

const PEOPLE = 50
const ROUNDS = 9

export const circles: Bench = {
  async *run() {
    const owner = makePerson('owner')
    const first = begin(owner)
    const entries = [first]
    for (let at = 1; at < PEOPLE; at++) entries.push(add(owner, entries, makePerson(`member ${at}`)))
    const state = reduceCircle(first.circle, entries)
    if (state.members.length !== PEOPLE) throw new Error('not all members were added')
    const last = state.members.find(({ did }) => did !== owner.keystore.did)
    if (last === undefined) throw new Error('nobody can be removed')
    const left = state.members.filter(({ did }) => did !== last.did)
    const by = { circle: state.circle, signer: owner.document, prev: state.heads, atMs: START_MS }

    const remove = () => {
      const { secret, epoch } = makeEpoch(left, systemChance)
      const entry = makeRemove(by, last.did, epoch, owner.device.sign)
      for (const { did, devices } of left)
        makeWrap(
          {
            circle: state.circle,
            epoch: entry.hash,
            secret,
            to: did,
            devices,
            document: owner.document,
            atMs: START_MS,
          },
          owner.device.sign,
          systemChance,
        )
    }
    const mlkem = crypto.generateKeyPairSync('ml-kem-768').publicKey
    const x25519 = crypto.generateKeyPairSync('x25519').publicKey
    const ed25519 = crypto.generateKeyPairSync('ed25519').privateKey
    const message = systemChance.bytes(1_500)
    const bare = () => {
      for (let at = 0; at < PEOPLE; at++) {
        crypto.encapsulate(mlkem)
        const { privateKey } = crypto.generateKeyPairSync('x25519')
        crypto.diffieHellman({ privateKey, publicKey: x25519 })
        crypto.sign(null, message, ed25519)
      }
    }
    const read = () => reduceCircle(first.circle, entries)
    const { removing, without, reading } = await inTurns(ROUNDS, {
      removing: { run: remove },
      without: { run: bare },
      reading: { run: read },
    })
    yield {
      what: `remove one of a circle of ${PEOPLE}: new key, entry, wraps, signatures`,
      value: removing.medianMs,
      unit: 'ms',
      beside: { what: 'ML-KEM, X25519 and Ed25519 alone, by OpenSSL', value: without.medianMs },
      budget: { on: 'value', atMost: 20 },
    }
    yield {
      what: `who is in a circle of ${PEOPLE}: all its entries read anew`,
      value: reading.medianMs,
      unit: 'ms',
      beside: null,
      budget: null,
    }
  },
}

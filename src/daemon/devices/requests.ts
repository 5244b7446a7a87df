/** The old device's side of pairing: requests that wait for their person's code, and what approved ones are given. Whoever has the card may
 *  ask, so each has one guess at the code, not many may wait at once, and a few wrong codes end them all. */
import { sameSecret } from '../../core/crypto/secret.ts'
import { checkDevice } from '../../core/identity/device.ts'
import { deviceOf } from '../../core/identity/document.ts'
import {
  isPairingSigned,
  PAIRING_LIFE_MS,
  PAIRING_NONCE_BYTES,
  PAIRING_REQUEST_BYTES,
  pairingCode,
  pairingCommitment,
  pairingMac,
  pairingTranscript,
} from '../../core/identity/pairing.ts'
import { sameBytes, toB64u, utf8 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { isVerdict } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { NetworkHost } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { givesWay, networkOf } from './places.ts'

/** Wrong codes that end all requests of a person. */
const MAX_WRONG_CODES = 3
/** What was approved and never collected is forgotten after this. */
const KEPT_MS = 24 * 3_600_000

/** A new device that revealed its keys. */
export interface PairingRequest {
  readonly id: string
  readonly did: Did
  readonly peer: string
  readonly ed: Uint8Array
  readonly kem: Uint8Array
  readonly transcript: Uint8Array
  readonly code: string
  readonly atMs: number
  readonly expiresAtMs: number
  /** As in `Waiting`. */
  readonly from: string
  seenMs: number
}

export interface RequestsDeps {
  users: UserDatabaseManager
  /** Null when no such user lives here. */
  find: (did: Did) => KeystoreSession | null
  readSecret: (did: Did) => Uint8Array | null
  peerId: string
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

const grantKey = (id: string): string => `pairing ${id}`

export function makeRequests(deps: RequestsDeps) {
  const { users, find, readSecret, peerId, clock, chance, log } = deps
  const requests = new Map<string, PairingRequest>()
  const wrong = new Map<Did, number>()

  function waiting(did: Did): PairingRequest[] {
    const nowMs = clock.nowMs()
    for (const [id, one] of requests) if (nowMs >= one.expiresAtMs) requests.delete(id)
    return [...requests.values()].filter(one => one.did === did)
  }

  const opening: NetworkHost['onPairing'] = async ({ did, commitment, mac }, { peer, from: host }) => {
    const session = find(did)
    if (session === null || session.revoked) return null
    const read = readSecret(did)
    if (read === null || !sameSecret(pairingMac(read, peer, peerId), mac)) return null
    const from = networkOf(host)
    // One node asks for one device: its next request takes the place of the one before.
    const place = () =>
      givesWay(
        waiting(did).filter(one => one.peer !== peer),
        from,
        clock.nowMs(),
      )
    if (place() === false) {
      log('device.requests-full', { did, peer })
      return null
    }
    const answer = chance.bytes(PAIRING_NONCE_BYTES)
    return {
      nonce: answer,
      async reveal({ ed, kem, nonce, signature }) {
        const keys = { did, ed, kem, nonce }
        if (!sameSecret(pairingCommitment(keys), commitment)) return null
        try {
          checkDevice({ ed, kem, at: 0 })
        } catch (error) {
          if (!isVerdict(error)) throw error
          return null
        }
        const transcript = pairingTranscript({ ...keys, answer, newPeer: peer, oldPeer: peerId })
        if (!isPairingSigned(transcript, ed, signature)) return null
        const { document } = session
        if (deviceOf(document, ed) !== null || document.revoked.some(gone => sameBytes(gone.ed, ed)))
          return null
        const other = place()
        if (other === false) return null
        for (const one of waiting(did)) if (one.peer === peer || one.id === other) requests.delete(one.id)
        const request = chance.bytes(PAIRING_REQUEST_BYTES)
        const atMs = clock.nowMs()
        const expiresAtMs = atMs + PAIRING_LIFE_MS
        const id = toB64u(request)
        const code = pairingCode(transcript)
        requests.set(id, { id, did, peer, ed, kem, transcript, code, atMs, expiresAtMs, from, seenMs: atMs })
        log('device.requested', { did, peer, request: id })
        return { request, expiresAtMs }
      },
    }
  }

  return {
    opening,
    waiting,

    /** The one request with this code, or how many more wrong codes are left before all end. */
    guess(did: Did, code: string): PairingRequest | { left: number } {
      const found = waiting(did).filter(one => sameSecret(utf8(one.code), utf8(code)))
      const [only] = found
      if (only !== undefined && found.length === 1) return only
      const tries = (wrong.get(did) ?? 0) + 1
      const left = found.length > 1 ? 0 : Math.max(0, MAX_WRONG_CODES - tries)
      if (left === 0) {
        for (const one of waiting(did)) requests.delete(one.id)
        wrong.delete(did)
        log('device.requests-ended', { did })
      } else wrong.set(did, tries)
      return { left }
    },

    /** Keep what the device is given until it was collected: also over a restart. */
    keep(request: PairingRequest, sealed: Uint8Array): void {
      users.write(request.did, db => {
        db.profile.put(grantKey(request.id), sealed)
        db.profile.put(
          `${grantKey(request.id)} of`,
          JSON.stringify({ peer: request.peer, atMs: clock.nowMs() }),
        )
      })
    },

    /** Its person approved it: no other code is to be tried. */
    close(request: PairingRequest): void {
      requests.delete(request.id)
      wrong.delete(request.did)
    },

    state: (async (did, request, peer) => {
      const id = toB64u(request)
      if (find(did) === null) return { state: 'gone' }
      const sealed = users.read(did, db => db.profile.bytes(grantKey(id)))
      if (sealed !== null && keptFor(did, id)?.peer === peer) return { state: 'approved', sealed }
      const one = waiting(did).find(request => request.id === id && request.peer === peer)
      if (one === undefined) return { state: 'gone' }
      one.seenMs = clock.nowMs()
      return { state: 'waiting' }
    }) satisfies NetworkHost['pairingState'],

    taken: (async (did, request, peer) => {
      const id = toB64u(request)
      if (find(did) !== null && keptFor(did, id)?.peer === peer) forget(did, id)
    }) satisfies NetworkHost['onTaken'],

    /** Forget what nobody collected in time. */
    sweep(did: Did): void {
      for (const { key, value } of users.read(did, db => db.profile.texts('pairing ')))
        if (key.endsWith(' of') && clock.nowMs() - (JSON.parse(value) as { atMs: number }).atMs > KEPT_MS)
          forget(did, key.slice('pairing '.length, -' of'.length))
    },
  }

  function keptFor(did: Did, id: string): { peer: string; atMs: number } | null {
    const text = users.read(did, db => db.profile.text(`${grantKey(id)} of`))
    return text === null ? null : JSON.parse(text)
  }

  function forget(did: Did, id: string): void {
    users.write(did, db => {
      db.profile.delete(grantKey(id))
      db.profile.delete(`${grantKey(id)} of`)
    })
  }
}

export type Requests = ReturnType<typeof makeRequests>

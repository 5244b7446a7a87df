/** The new device's side of pairing: asks an old device of the person, shows the code, waits, and takes the place of the unused user that
 *  this home was made with (docs/protocol.md section 3.1). What waits is in memory only: a daemon that ends leaves the home as it was. */
import type { Result } from '../../core/contract/methods.ts'
import { Ed25519Key } from '../../core/crypto/ed25519.ts'
import { SecretBytes, sameSecret } from '../../core/crypto/secret.ts'
import { XWingKey } from '../../core/crypto/xwing.ts'
import { type Card, parseCard } from '../../core/identity/card.ts'
import { deviceOf, parseDocument } from '../../core/identity/document.ts'
import { drawDevice } from '../../core/identity/keystore.ts'
import {
  type DeviceGrant,
  openGrant,
  PAIRING_LIFE_MS,
  PAIRING_NONCE_BYTES,
  pairingCode,
  pairingCommitment,
  pairingMac,
  pairingTranscript,
  signPairing,
} from '../../core/identity/pairing.ts'
import { recoveryCommitment } from '../../core/identity/recovery.ts'
import { sameBytes, utf8 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import type { HomePaths } from '../home.ts'
import type { Network, PeerAddress } from '../network/ports.ts'
import { makeDeviceFolder } from '../user-folder.ts'

/** How often the old device is asked, and how long one question may take. */
const ASK_EVERY_MS = 700
const ASK_TIMEOUT_MS = 10_000
const PAIR_TIMEOUT_MS = 20_000

type Joined = Result<'device.joining'>

interface Joining {
  /** Whose place it takes. */
  readonly local: Did
  readonly card: Card
  readonly at: PeerAddress
  readonly request: Uint8Array
  readonly transcript: Uint8Array
  readonly code: string
  readonly expiresAtMs: number
  readonly secrets: ReturnType<typeof drawDevice>
  readonly passphrase: SecretBytes | null
  readonly name: string | null
}

export interface JoiningDeps {
  paths: HomePaths
  network: () => Network
  /** Whether nothing was ever done as this user, who is the only one here. */
  isUnused: (local: Did) => Promise<boolean>
  /** Whether the keystore that the home was made with has a passphrase. */
  needsPassphrase: (local: Did) => boolean
  /** Serve the person whose folder is there now, and the one whose place they took no longer. */
  replace: (
    old: Did,
    did: Did,
    device: { name: string | null; ed: Uint8Array; passphrase: SecretBytes | null },
  ) => Promise<void>
  /** The DID of `local` is the card's, and this device is listed. */
  isDeviceOf: (local: Did) => boolean
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeJoining(deps: JoiningDeps) {
  const { paths, network, isUnused, needsPassphrase, replace, clock, chance, log } = deps
  let joining: Joining | null = null
  let last: Joined = { state: 'none', did: null, code: null, expiresAt: null }
  let timer: NodeJS.Timeout | null = null
  const stopping = new AbortController()

  function end(state: Joined['state']): void {
    if (joining === null) return
    last = { state, did: joining.card.did, code: null, expiresAt: null }
    for (const secret of [...Object.values(joining.secrets), joining.passphrase]) secret?.wipe()
    joining = null
    if (timer) clearTimeout(timer)
    timer = null
    log('device.joining-ended', { did: last.did, state })
  }

  const waiting = (one: Joining): { code: string; did: Did; state: 'waiting'; expiresAt: string } => ({
    code: one.code,
    did: one.card.did,
    state: 'waiting',
    expiresAt: isoTime(one.expiresAtMs),
  })

  async function begin(
    local: Did,
    card: Card,
    passphrase: SecretBytes | null,
    name: string | null,
    signal: AbortSignal,
  ): Promise<Joining> {
    const secrets = drawDevice(chance)
    const key = new Ed25519Key(secrets.deviceSign)
    const keys = {
      did: card.did,
      ed: key.publicKey,
      kem: new XWingKey(secrets.deviceKem).publicKey,
      nonce: chance.bytes(PAIRING_NONCE_BYTES),
    }
    const at = { peer: card.peer, addrs: [...card.addrs] }
    let transcript = new Uint8Array(0)
    const newPeer = network().peerId
    const { request, expiresAtMs } = await network().pair(
      at,
      {
        did: card.did,
        commitment: pairingCommitment(keys),
        mac: pairingMac(card.read, newPeer, card.peer),
      },
      answer => {
        transcript = new Uint8Array(pairingTranscript({ ...keys, answer, newPeer, oldPeer: card.peer }))
        return { ed: keys.ed, kem: keys.kem, nonce: keys.nonce, signature: signPairing(transcript, key) }
      },
      AbortSignal.any([signal, AbortSignal.timeout(PAIR_TIMEOUT_MS)]),
    )
    const lastMs = clock.nowMs() + PAIRING_LIFE_MS
    const code = pairingCode(transcript)
    return {
      local,
      card,
      at,
      request,
      transcript,
      code,
      expiresAtMs: Math.min(expiresAtMs, lastMs),
      secrets,
      passphrase,
      name,
    }
  }

  function plan(): void {
    if (stopping.signal.aborted || joining === null) return
    // One that was begun anew while an earlier question was under way is asked about once a turn, too.
    if (timer) clearTimeout(timer)
    timer = setTimeout(() => {
      ask().then(plan, error => {
        log('device.joining-failed', { code: codeOf(error) })
        plan()
      })
    }, ASK_EVERY_MS)
    timer.unref()
  }

  /** Ask the old device once. */
  async function ask(): Promise<void> {
    const one = joining
    if (one === null) return
    // An approval a moment before the end must still be collected.
    if (clock.nowMs() >= one.expiresAtMs + ASK_TIMEOUT_MS) return end('expired')
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)])
    const answer = await network().collect(one.at, one.card.did, one.request, signal)
    if (joining !== one || answer.state === 'waiting') return
    if (answer.state === 'gone') return end(clock.nowMs() >= one.expiresAtMs ? 'expired' : 'refused')
    await take(one, answer.sealed)
  }

  async function take(one: Joining, sealed: Uint8Array): Promise<void> {
    const { card, secrets } = one
    const kem = new XWingKey(secrets.deviceKem)
    const ed = new Ed25519Key(secrets.deviceSign).publicKey
    let grant: DeviceGrant
    try {
      grant = openGrant(sealed, kem, one.transcript)
      checkGrant(grant, card, { ed, kem: kem.publicKey })
    } catch (error) {
      log('device.grant-refused', { did: card.did, code: codeOf(error) })
      return end('refused')
    }
    const document = parseDocument(grant.document)
    // Somebody may have begun to use this home while it waited.
    if (!(await isUnused(one.local))) return end('refused')
    const keystore = {
      did: card.did,
      identity: null,
      ...secrets,
      directory: grant.directory,
      read: grant.read,
      recovery: grant.recovery,
    }
    try {
      await makeDeviceFolder(
        paths,
        network().peerId,
        { keystore, document, replaces: one.local },
        { passphrase: one.passphrase, clock, chance },
      )
    } finally {
      for (const secret of [grant.directory, grant.read]) secret.wipe()
    }
    await replace(one.local, card.did, { name: one.name, ed, passphrase: one.passphrase })
    const { at, request } = one
    end('approved')
    await network()
      .taken(at, card.did, request, AbortSignal.any([stopping.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]))
      .catch(error => log('device.not-told', { code: codeOf(error) }))
  }

  return {
    /** Ask to become a device of the card's person. The same call while it waits gives the same code.
     *  @throws `card/invalid`, `device/home-used`, `device/refused`, `usage/input-needed`, `peer/unreachable`. */
    async add(
      local: Did,
      params: { card: string; name?: string | undefined; passphrase?: string | undefined },
      signal: AbortSignal,
    ): Promise<Result<'device.add'>> {
      const card = parseCard(params.card)
      if (card.did === local && deps.isDeviceOf(local))
        return { code: null, did: local, state: 'approved', expiresAt: null, changed: false }
      if (joining !== null && joining.card.did === card.did && clock.nowMs() < joining.expiresAtMs)
        return { ...waiting(joining), changed: false }
      if (!(await isUnused(local)))
        throw new VivimError(
          'device/home-used',
          'this home is in use already: it would be lost if another identity took its place',
        )
      if (params.passphrase === undefined && needsPassphrase(local))
        throw new VivimError('usage/input-needed', 'this home has a passphrase: the new keys need one too')
      const passphrase = params.passphrase === undefined ? null : new SecretBytes(utf8(params.passphrase))
      const begun = await begin(local, card, passphrase, params.name ?? null, signal)
      // The last one that was asked for counts, also of two at once.
      end('refused')
      joining = begun
      log('device.joining', { did: card.did, peer: card.peer })
      plan()
      return { ...waiting(begun), changed: true }
    },

    joining: (): Joined => (joining === null ? last : { ...waiting(joining) }),

    stop(): void {
      stopping.abort()
      if (timer) clearTimeout(timer)
    },
  }
}

/** What was handed over must be what the card says, and make this device one of the person's. @throws `device/refused`. */
function checkGrant(grant: DeviceGrant, card: Card, device: { ed: Uint8Array; kem: Uint8Array }): void {
  const document = parseDocument(grant.document)
  const listed = deviceOf(document, device.ed)
  const isWhole =
    document.did === card.did &&
    listed !== null &&
    sameBytes(listed.kem, device.kem) &&
    sameBytes(new Ed25519Key(grant.directory).publicKey, card.directory) &&
    sameSecret(grant.read, card.read) &&
    sameSecret(recoveryCommitment(grant.recovery), document.recovery)
  if (!isWhole)
    throw new VivimError('device/refused', 'what the other device handed over does not fit the card')
}

export type JoiningService = ReturnType<typeof makeJoining>

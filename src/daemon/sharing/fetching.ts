/** Brings the sealed blocks of a received share that did not travel with its notice: from the owner's nodes, or from whoever the
 *  share's record names. */
import { fetchKey, recordKey } from '../../core/crypto/content.ts'
import { parseManifest } from '../../core/crypto/manifest.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { toHex } from '../../core/kernel/bytes.ts'
import { codeOf, isVerdict, VivimError } from '../../core/kernel/errors.ts'
import type { Cid, Did } from '../../core/model/id.ts'
import { parseRecord, recordKeyOf } from '../../core/pipeline/holding.ts'
import { type Notice, openDeviceGrant, openEpochGrant, parseNotice } from '../../core/pipeline/notice.ts'
import type { BlockStore } from '../../core/pipeline/ports.ts'
import type { Network, PeerAddress } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { type ReceivedRow, senderOf } from '../storage/user/received-table.ts'
import type { Circles } from './circles.ts'
import { type KeyRing, openStored } from './keys.ts'
import type { People } from './people.ts'

const RECORD_TIMEOUT_MS = 10_000
const PREFETCH_TIMEOUT_MS = 10 * 60_000

export interface FetchingDeps {
  users: UserDatabaseManager
  blocks: BlockStore
  people: People
  circles: Circles
  keys: KeyRing
  network: () => Network
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** What the content key of a received share is sealed for, where another own device handed it over. */
export const receivedKeyPlace = ({ owner, shareId }: Pick<ReceivedRow, 'owner' | 'shareId'>): string =>
  `received ${owner} ${shareId}`

export function makeFetching({ users, blocks, people, circles, keys, network, log }: FetchingDeps) {
  /** The content key of a received share. @throws `keystore/locked`, `circle/no-epoch`, `crypto/cannot-open`. */
  function contentKey(local: Did, row: ReceivedRow): SecretBytes {
    const own = keys.keys(local)
    if (row.contentKeySealed) return openStored(own, receivedKeyPlace(row), row.contentKeySealed)
    const notice: Notice = parseNotice(row.notice)
    if ('did' in notice.to) return openDeviceGrant(notice, own.kem)
    const secret = row.circleId && circles.secretOf(local, row.circleId, toHex(notice.to.epoch))
    if (!secret) throw new VivimError('circle/no-epoch', 'the key of that epoch is not here')
    return openEpochGrant(notice, secret)
  }

  async function lacking(chunks: readonly Cid[]): Promise<Cid[]> {
    const missing: Cid[] = []
    for (const cid of chunks) if (!(await blocks.has(cid))) missing.push(cid)
    return missing
  }

  /** Whom the share's record names, when it can be found. */
  async function holdersOnRecord(
    shareKey: Uint8Array,
    key: SecretBytes,
    signal: AbortSignal,
  ): Promise<PeerAddress[]> {
    try {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(RECORD_TIMEOUT_MS)])
      const wire = await network().dhtGet('vivimrec', recordKeyOf(shareKey), bounded)
      return wire === null ? [] : parseRecord(wire, shareKey, recordKey(key)).holders
    } catch (error) {
      log('inbox.no-record', { code: codeOf(error) })
      return []
    }
  }

  /** Make sure that every block of a content is here and durable. @param from - whose nodes are asked. @returns how many were not.
   *  @throws `peer/unreachable`, `keystore/locked`. */
  async function bring(
    local: Did,
    manifest: Uint8Array,
    keyOf: () => SecretBytes,
    from: readonly Did[],
    signal: AbortSignal,
  ): Promise<number> {
    const { chunks, shareKey, contentId } = parseManifest(manifest)
    const want = await lacking(chunks)
    if (want.length === 0) return 0
    const key = keyOf()
    const request = { content: contentId, want, fetchKey: fetchKey(key) }
    const onBlock = (cid: Cid, bytes: Uint8Array): Promise<void> => blocks.put(cid, bytes)
    const nodes = [...new Set(from)].map(did => people.addressesOf(local, did))
    const holders = (await Promise.all(nodes)).flat()
    try {
      await network().fetch({ ...request, holders }, onBlock, signal)
    } catch (error) {
      if (codeOf(error) !== 'peer/unreachable') throw error
      const named = await holdersOnRecord(shareKey, key, signal)
      if (named.length === 0) throw error
      await network().fetch({ ...request, want: await lacking(chunks), holders: named }, onBlock, signal)
    }
    await blocks.sync()
    return want.length
  }

  /** Make sure that every block of a received share is here and durable. @throws `peer/unreachable`, `keystore/locked`. */
  async function ensure(local: Did, row: ReceivedRow, signal: AbortSignal): Promise<void> {
    if (row.manifest === null) throw new VivimError('program/defect', 'a received share without its manifest')
    // Another own device may have it. Who passed it on holds it too, and may be the only one whom we can reach.
    const from = [local, senderOf(row), row.owner]
    const brought = await bring(local, row.manifest, () => contentKey(local, row), from, signal)
    if (brought > 0) log('inbox.fetched', { share: row.shareId, blocks: brought })
  }

  return {
    contentKey,

    /** Whether this device has the key of a received share. @throws `keystore/locked`. */
    canOpen(local: Did, row: ReceivedRow): boolean {
      try {
        contentKey(local, row).wipe()
        return true
      } catch (error) {
        if (codeOf(error) === 'keystore/locked' || !isVerdict(error)) throw error
        return false
      }
    },

    bring,
    ensure,

    /** Fetch in the background what a new item lacks; opening fetches again what this did not bring. */
    want(local: Did, row: ReceivedRow): void {
      ensure(local, row, AbortSignal.timeout(PREFETCH_TIMEOUT_MS)).catch(error =>
        log('inbox.not-fetched', { share: row.shareId, code: codeOf(error) }),
      )
    },

    /** All items of a person that lack blocks, such as when their node came back. */
    wantFrom(local: Did, sender: Did): void {
      if (!keys.unlocked(local)) return
      for (const row of users.read(local, db => db.received.list()))
        if ((row.owner === sender || row.via === sender || local === sender) && row.manifest !== null)
          this.want(local, row)
    },
  }
}

export type Fetching = ReturnType<typeof makeFetching>

/** Slots and share records in the DHT: put and get, over kad-dht and our own datastore. */
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { VivimNode } from './node.ts'
import { bounded, peerError } from './peering.ts'
import { checkRecord, type RecordNamespace, recordKey } from './records.ts'

/** A lookup visits a few nodes of the 20 nearest; one that takes longer will not end. */
const QUERY_MS = 15_000

/** Keep a value here and at the nodes nearest to its key. @returns how many other nodes stored it; 0 with nobody in reach.
 *  @throws `crypto/*` for a value that may not stand under that key, or `peer/refused` when a newer one stands here. */
export async function dhtPut(
  node: VivimNode,
  clock: Clock,
  namespace: RecordNamespace,
  hash: Uint8Array,
  value: Uint8Array,
  signal: AbortSignal,
): Promise<number> {
  const key = recordKey(namespace, hash)
  checkRecord(key, value, clock.nowMs())
  let stored = 0
  try {
    for await (const event of node.services.dht.put(key, value, { signal: bounded(signal, QUERY_MS) }))
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') stored++
  } catch (error) {
    if ((error as Error).name === 'RecordRefusedError')
      throw new VivimError('peer/refused', 'a newer record stands under that key', {}, { cause: error })
    if (codeOf(error) !== 'program/defect') throw error
    // With nobody in reach, or when time is up, what was stored so far counts.
  }
  return stored
}

/** The newest valid value under a key, from here and from the nodes nearest to it, or null. @throws `peer/unreachable` only when
 *  `signal` ends the search before anything was found. */
export async function dhtGet(
  node: VivimNode,
  clock: Clock,
  namespace: RecordNamespace,
  hash: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const key = recordKey(namespace, hash)
  let best: { value: Uint8Array; seq: number } | null = null
  try {
    for await (const event of node.services.dht.get(key, { signal: bounded(signal, QUERY_MS) })) {
      if (event.name !== 'VALUE') continue
      const { seq } = checkRecord(key, event.value, clock.nowMs())
      if (best === null || seq > best.seq) best = { value: event.value, seq }
    }
  } catch (error) {
    if (best === null && signal.aborted) throw peerError(error)
  }
  return best === null ? null : Uint8Array.from(best.value)
}

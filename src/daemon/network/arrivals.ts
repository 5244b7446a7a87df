/** What a peer sent is what it said, or the peer is sent away. */
import { cidMatches } from '../../core/crypto/cid.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Cid } from '../../core/model/id.ts'
import { POINTS } from './connections.ts'
import type { Peering } from './peering.ts'

/** Hold bytes against the CID that was asked for. @throws `peer/protocol`, and counts it against the peer. */
export function checkNamed(peering: Peering, peer: string, cid: Cid, bytes: Uint8Array): void {
  if (cidMatches(cid, bytes)) return
  peering.punish(peer, POINTS.forgery, 'bytes that are not what their CID names')
  throw new VivimError('peer/protocol', 'bytes that are not what their CID names')
}

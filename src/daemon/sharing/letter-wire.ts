/** A letter as it is stored until it is opened: its envelopes, one dag-cbor array of byte strings. */
import { decodeCbor, encodeCbor } from '../../core/crypto/cbor.ts'
import { type Envelope, parseEnvelope } from '../../core/pipeline/letter.ts'

const WIRE_MAX_BYTES = 20 * 1024 * 1024

export const encodeLetterWire = (envelopes: readonly Uint8Array[]): Uint8Array => encodeCbor(envelopes)

const wiresOf = (wire: Uint8Array): Uint8Array[] => {
  const wires = decodeCbor(wire, WIRE_MAX_BYTES)
  return Array.isArray(wires) ? wires.filter(one => one instanceof Uint8Array) : []
}

/** @throws `crypto/bad-encoding`. */
export const envelopesOf = (wire: Uint8Array): Envelope[] => wiresOf(wire).map(parseEnvelope)

/** A letter without what is sealed under an epoch, which is the notice of a circle's share.
 *  @returns null when nothing is left, or when nothing was sealed so: then the notice is in what is sealed to the device. */
export function besideEpochEnvelopes(wire: Uint8Array): Uint8Array | null {
  const wires = wiresOf(wire)
  const rest = wires.filter(one => parseEnvelope(one).kind === 'device')
  return rest.length === 0 || rest.length === wires.length ? null : encodeLetterWire(rest)
}

/** What several identity documents of one DID say together, wherever they came from. */

import type { Device } from '../identity/device.ts'
import { activeDevices, deviceOf, type IdentityDocument } from '../identity/document.ts'
import { sameBytes, toHex } from '../kernel/bytes.ts'

/** `document` counts; `devices` may sign and be sealed to; `alarm` when two documents contradict each other. */
export interface Testimony {
  readonly document: IdentityDocument
  readonly devices: readonly Device[]
  readonly alarm: boolean
}

/** Of more contradicting documents than this no device is left: one more is an alarm already, and comparing many would slow everybody
 *  down. */
const MAX_CONTRADICTING = 16

/** Settle documents of one DID. The first names the recovery key that the others must keep to; then documents by the recovery key,
 *  then the highest sequence; several of one rank contradict each other, and only devices that all of them list are left, of more
 *  than 16 none.
 *  @param documents - each once, at least one; the result depends on which is first and on the set of the others. */
export function settleDocuments(documents: readonly IdentityDocument[]): Testimony | null {
  const [first] = documents
  if (first === undefined) return null
  let best = first
  let rivals: IdentityDocument[] = []
  let alarm = false
  for (const document of documents) {
    if (!sameBytes(document.recovery, first.recovery)) {
      alarm = true
      continue
    }
    const above = Number(document.byRecovery) - Number(best.byRecovery) || document.seq - best.seq
    if (above > 0) {
      best = document
      rivals = []
    } else if (above === 0 && !sameBytes(document.hash, best.hash)) rivals.push(document)
  }
  if (rivals.length === 0) return { document: best, devices: activeDevices(best), alarm }
  const contradicting = [best, ...rivals]
  const smallest = contradicting.reduce((a, b) => (toHex(a.hash) <= toHex(b.hash) ? a : b))
  const devices =
    contradicting.length > MAX_CONTRADICTING
      ? []
      : activeDevices(smallest).filter(device => contradicting.every(rival => listsSame(rival, device)))
  return { document: smallest, devices, alarm: true }
}

function listsSame(document: IdentityDocument, { ed, kem }: Device): boolean {
  const device = deviceOf(document, ed)
  return device !== null && sameBytes(device.kem, kem)
}

/** Whether this device may sign. */
export const listsDevice = (testimony: Pick<Testimony, 'devices'>, ed: Uint8Array): boolean =>
  testimony.devices.some(device => sameBytes(device.ed, ed))

/** The export: what a person keeps away from all devices, sealed under a passphrase of its own (docs/protocol.md section 1.5). */
import { z } from 'zod'
import type { CborValue } from '../crypto/cbor.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import type { Chance } from '../kernel/env.ts'
import { CircleId, Did } from '../model/id.ts'
import { CARD_MAX_CHARS, READ_SECRET_BYTES } from './card.ts'
import { DOCUMENT_MAX_BYTES } from './document.ts'
import { bytesOf, bytesUpTo } from './field.ts'
import { RECOVERY_SEED_BYTES } from './recovery.ts'
import { checkIdentityKey, openSecrets, sealSecrets, taken } from './secret-file.ts'

/** Larger than any export that is made: its lists are cut before. */
const EXPORT_MAX_BYTES = 1024 * 1024
/** Room for people and circles: what does not fit is left out, the last of each list first. */
const LISTS_MAX_BYTES = 512 * 1024

/** A person whose node is a place to ask. */
export interface ExportedContact {
  readonly did: Did
  readonly card: string | null
  readonly alias: string | null
  readonly blocked: boolean
}

export interface ExportedCircle {
  readonly circleId: CircleId
  readonly name: string
}

/** Enough to take the identity back, and places to ask for the rest. What an older export does not hold is null or empty. */
export interface IdentityExport {
  readonly did: Did
  readonly identity: SecretBytes | null
  readonly seed: SecretBytes | null
  /** Seed of the directory key and read secret of the card: with both the card that people have stays good. */
  readonly directory: SecretBytes | null
  readonly read: SecretBytes | null
  /** The newest identity document, wire form: without one by the identity key nobody believes the recovery key. */
  readonly document: Uint8Array | null
  /** What the person was called on their node. */
  readonly name: string | null
  readonly contacts: readonly ExportedContact[]
  readonly circles: readonly ExportedCircle[]
}

const shape = z.looseObject({
  kind: z.literal('export'),
  v: z.literal(1),
  did: Did,
  identity: bytesOf(32).nullable(),
  seed: bytesOf(RECOVERY_SEED_BYTES).nullable(),
  directory: bytesOf(32).nullable().default(null),
  read: bytesOf(READ_SECRET_BYTES).nullable().default(null),
  document: bytesUpTo(DOCUMENT_MAX_BYTES).nullable().default(null),
  name: z.string().max(256).nullable().default(null),
  contacts: z
    .array(
      z.looseObject({
        did: Did,
        card: z.string().max(CARD_MAX_CHARS).nullable(),
        alias: z.string().max(256).nullable(),
        blocked: z.boolean(),
      }),
    )
    .max(100_000)
    .default([]),
  circles: z
    .array(z.looseObject({ circleId: CircleId, name: z.string().max(1024) }))
    .max(100_000)
    .default([]),
})

/** The beginning of a list that fits into `room` bytes of text. */
function fitting<T extends object>(list: readonly T[], room: { bytes: number }): T[] {
  const kept: T[] = []
  for (const one of list) {
    room.bytes -= Buffer.byteLength(JSON.stringify(one))
    if (room.bytes < 0) break
    kept.push(one)
  }
  return kept
}

export function sealExport(
  exported: IdentityExport,
  passphrase: SecretBytes,
  chance: Chance,
): Promise<Uint8Array> {
  const { did, document, name } = exported
  const room = { bytes: LISTS_MAX_BYTES }
  const contacts = fitting(exported.contacts, room).map(({ did, card, alias, blocked }) => ({
    did,
    card,
    alias,
    blocked,
  }))
  const circles = fitting(exported.circles, room).map(({ circleId, name }) => ({ circleId, name }))
  const values: { [name: string]: CborValue } = {
    kind: 'export',
    v: 1,
    did,
    document,
    name,
    contacts,
    circles,
  }
  const { identity, seed, directory, read } = exported
  return sealSecrets(values, { identity, seed, directory, read }, passphrase, chance)
}

/** @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export async function openExport(file: Uint8Array, passphrase: SecretBytes): Promise<IdentityExport> {
  const one = await openSecrets(file, passphrase, shape, EXPORT_MAX_BYTES)
  const identity = one.identity && taken(one.identity)
  checkIdentityKey(one.did, identity)
  return {
    did: one.did,
    identity,
    seed: one.seed && taken(one.seed),
    directory: one.directory && taken(one.directory),
    read: one.read && taken(one.read),
    document: one.document,
    name: one.name,
    contacts: one.contacts,
    circles: one.circles,
  }
}

/** Overwrite every secret. */
export function wipeExport({ identity, seed, directory, read }: IdentityExport): void {
  for (const secret of [identity, seed, directory, read]) secret?.wipe()
}

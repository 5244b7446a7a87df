/** Notices and grants: the owner's signed message that tells of a share and carries its content key (docs/protocol.md 4.1). */
import { z } from 'zod'
import { Permission } from '../contract/share-shapes.ts'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { cidBytes, cidFromBytes } from '../crypto/cid.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import {
  MAX_PERSON_WRAPS,
  openFromDevice,
  openUnderKey,
  type Recipient,
  sealToDevices,
  sealUnderKey,
} from '../crypto/sealed.ts'
import { type Secret, SecretBytes } from '../crypto/secret.ts'
import { openObject, type SignedObject, signedFields, signObject } from '../crypto/signed.ts'
import type { XWingKey } from '../crypto/xwing.ts'
import { bytesOf, bytesUpTo, Sequence, TimeMs } from '../identity/field.ts'
import { fromBase32, toBase32 } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { type Cid, Did, NoticeId, ShareId } from '../model/id.ts'
import { CidBytes, HashBytes, IdBytes } from './fields.ts'
import type { EpochRef } from './letter.ts'
import { MAX_HEADING_LENGTH } from './plaintext.ts'

const NOTICE_MAX_BYTES = 128 * 1024
/** One wrap and a padded body are 5,372 bytes (docs/protocol.md section 9). */
const OWN_GRANT_MAX_BYTES = 8 * 1024
const SUITE = 'vivim-1'

/** Who a notice is for: one person, or whoever has the key of an epoch. */
export type NoticeTo = { did: Did } | EpochRef

/** What a grant is bound to, beside its recipient's key. */
export interface GrantFor {
  owner: Did
  share: ShareId
  version: number
  content: Cid
}

const toField = (to: NoticeTo) => ('did' in to ? { did: to.did } : { circle: to.circle, epoch: to.epoch })

/** The bytes that bind a grant to its purpose, owner, recipient, share, version and content. */
const grantBind = (grant: GrantFor, to: NoticeTo, purpose: 'device' | 'epoch' | 'own'): Uint8Array =>
  bound(
    LABELS.grant,
    encodeCbor({
      suite: SUITE,
      purpose,
      owner: grant.owner,
      to: toField(to),
      share: fromBase32(grant.share),
      version: grant.version,
      content: cidBytes(grant.content),
    }),
  )

const GrantBody = z.looseObject({
  v: z.literal(1),
  contentKey: bytesOf(32),
  shareSeed: bytesOf(32).optional(),
})

function parseGrant(bytes: Uint8Array): { contentKey: SecretBytes; shareSeed: SecretBytes | null } {
  const parsed = GrantBody.safeParse(decodeCbor(bytes, 4096))
  if (!parsed.success) throw new VivimError('crypto/bad-encoding', 'not a grant')
  const { contentKey, shareSeed } = parsed.data
  return { contentKey: new SecretBytes(contentKey), shareSeed: shareSeed ? new SecretBytes(shareSeed) : null }
}

/** Wrap a content key for the devices of one person. @param devices - each with its X-Wing public key, 1,216 bytes. */
export const grantToDevices = (
  grant: GrantFor,
  to: Did,
  contentKey: SecretBytes,
  devices: readonly Recipient[],
  chance: Chance,
): Uint8Array =>
  contentKey.use(key =>
    sealToDevices(
      devices,
      grantBind(grant, { did: to }, 'device'),
      encodeCbor({ v: 1, contentKey: key }),
      chance,
    ),
  )

/** Wrap a content key once for everybody who has the epoch's secret. @param secret - 32 bytes. */
export const grantUnderEpoch = (
  grant: GrantFor,
  to: EpochRef,
  contentKey: SecretBytes,
  secret: Secret,
  chance: Chance,
): Uint8Array =>
  contentKey.use(key =>
    sealUnderKey(
      secret,
      LABELS.grant,
      grantBind(grant, to, 'epoch'),
      encodeCbor({ v: 1, contentKey: key }),
      chance,
    ),
  )

/** The owner's own grant, which also holds the seed of the share's key; sealed to own devices and the recovery key. */
export const grantToSelf = (
  grant: GrantFor,
  contentKey: SecretBytes,
  shareSeed: SecretBytes,
  keys: readonly Recipient[],
  chance: Chance,
): Uint8Array =>
  contentKey.use(key =>
    shareSeed.use(seed =>
      sealToDevices(
        keys,
        grantBind(grant, { did: grant.owner }, 'own'),
        encodeCbor({ v: 1, contentKey: key, shareSeed: seed }),
        chance,
      ),
    ),
  )

/** The own grant for the recovery key alone: it travels in the notice, so that who holds the share can hand it back.
 *  @param recovery - the X-Wing public key, 1,216 bytes. @returns what is a secret to whoever carries it. */
export const grantToRecovery = (
  grant: GrantFor,
  contentKey: SecretBytes,
  shareSeed: SecretBytes,
  recovery: Recipient,
  chance: Chance,
): Uint8Array => grantToSelf(grant, contentKey, shareSeed, [{ kem: recovery.kem }], chance)

/** Open the own grant. @throws `crypto/cannot-open`. */
export function openOwnGrant(
  grant: GrantFor,
  key: XWingKey,
  wire: Uint8Array,
): { contentKey: SecretBytes; shareSeed: SecretBytes } {
  const { contentKey, shareSeed } = parseGrant(
    openFromDevice(key, grantBind(grant, { did: grant.owner }, 'own'), wire, MAX_PERSON_WRAPS),
  )
  if (shareSeed === null) throw new VivimError('crypto/bad-encoding', 'not an own grant')
  return { contentKey, shareSeed }
}

const NoticeFields = z.looseObject({
  ...signedFields,
  at: TimeMs,
  seq: Sequence,
  doc: HashBytes,
  id: IdBytes,
  owner: Did,
  to: z.union([z.strictObject({ did: Did }), z.strictObject({ circle: IdBytes, epoch: HashBytes })]),
  share: IdBytes,
  version: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  content: CidBytes,
  terms: z.looseObject({
    allow: z.array(Permission).min(1).max(5),
    from: TimeMs.nullable(),
    until: TimeMs.nullable(),
    maxViews: z.number().int().positive().nullable(),
  }),
  title: z.string().max(MAX_HEADING_LENGTH).nullable(),
  note: z.string().max(MAX_HEADING_LENGTH).nullable(),
  grant: bytesUpTo(NOTICE_MAX_BYTES),
  exp: TimeMs.nullable(),
  own: bytesUpTo(OWN_GRANT_MAX_BYTES).optional(),
})

/** What a notice says. `by` is a device of the owner, or of who passes the share on, and `doc` the identity document that lists it;
 *  the reader checks both. */
export interface Notice extends GrantFor {
  id: NoticeId
  by: Uint8Array
  doc: Uint8Array
  atMs: number
  to: NoticeTo
  allow: z.infer<typeof Permission>[]
  fromMs: number | null
  untilMs: number | null
  title: string | null
  note: string | null
  grant: Uint8Array
  /** Until when its id is remembered; null: for ever. */
  expMs: number | null
  /** The owner's own grant, sealed to their recovery key; absent from what is passed on. */
  own?: Uint8Array | undefined
}

/** Sign a notice with one's device key. */
export const signNotice = (notice: Omit<Notice, 'by'>, device: Ed25519Key): SignedObject =>
  signObject(
    LABELS.notice,
    {
      at: notice.atMs,
      seq: notice.version,
      doc: notice.doc,
      id: fromBase32(notice.id),
      owner: notice.owner,
      to: toField(notice.to),
      share: fromBase32(notice.share),
      version: notice.version,
      content: cidBytes(notice.content),
      terms: { allow: notice.allow, from: notice.fromMs, until: notice.untilMs, maxViews: null },
      title: notice.title,
      note: notice.note,
      grant: notice.grant,
      exp: notice.expMs,
      ...(notice.own !== undefined && { own: notice.own }),
    },
    device,
  )

/** Verify shape and signature; whether `by` is a device of `owner`, and the notice is for us, is the reader's to check.
 *  @throws the codes of `openObject`. */
export function parseNotice(wire: Uint8Array): Notice {
  const { payload } = openObject(LABELS.notice, wire, NoticeFields, {
    maxBytes: NOTICE_MAX_BYTES,
    crit: Object.keys(NoticeFields.shape),
  })
  return {
    id: NoticeId.parse(toBase32(payload.id)),
    by: payload.by,
    doc: payload.doc,
    atMs: payload.at,
    owner: payload.owner,
    to: payload.to,
    share: ShareId.parse(toBase32(payload.share)),
    version: payload.version,
    content: cidFromBytes(payload.content),
    allow: payload.terms.allow,
    fromMs: payload.terms.from,
    untilMs: payload.terms.until,
    title: payload.title,
    note: payload.note,
    grant: payload.grant,
    expMs: payload.exp,
    own: payload.own,
  }
}

/** Open the grant of a notice that was sealed to one's devices. @throws `crypto/cannot-open`. */
export const openDeviceGrant = (notice: Notice, key: XWingKey): SecretBytes =>
  parseGrant(openFromDevice(key, grantBind(notice, notice.to, 'device'), notice.grant, MAX_PERSON_WRAPS))
    .contentKey

/** Open the grant of a circle's notice. @param secret - the epoch's, 32 bytes. @throws `crypto/cannot-open`. */
export const openEpochGrant = (notice: Notice, secret: Secret): SecretBytes =>
  parseGrant(openUnderKey(secret, LABELS.grant, grantBind(notice, notice.to, 'epoch'), notice.grant))
    .contentKey

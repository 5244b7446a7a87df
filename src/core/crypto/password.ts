/** Files at rest under a passphrase: scrypt (RFC 7914) and AES-256-GCM, with everything needed to open them but the passphrase inside. */
import { type ScryptOptions, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { sameBytes } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, aeadOpen, aeadSeal } from './aead.ts'
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { hkdfExpand, plain, sha256 } from './hash.ts'
import { bound, LABELS } from './labels.ts'
import { SecretBytes, sameSecret } from './secret.ts'

/** Cost of one guess: 128 MiB and about 0.4 s. */
const SCRYPT = { n: 2 ** 17, r: 8, p: 1 } as const
/** A file from outside may not cost more than this to try: 512 MiB. */
const MAX_SCRYPT_BYTES = 512 * 1024 * 1024
const MAX_P = 4
const SALT_BYTES = 32
const CHECK_BYTES = 32
/** A keystore is a few KiB; an export a little more. */
const MAX_PASSPHRASE_FILE_BYTES = 1024 * 1024
const MAGIC = 'vivim/v1/passphrase-file'

const exactly = (length: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === length, `not ${length} bytes`)
const someBytes = z.custom<Uint8Array>(value => value instanceof Uint8Array, 'not bytes')

const Scrypt = z
  .strictObject({
    name: z.literal('scrypt'),
    n: z
      .int()
      .min(2 ** 10)
      .max(2 ** 22),
    r: z.int().min(1).max(32),
    p: z.int().min(1).max(MAX_P),
    salt: exactly(SALT_BYTES),
  })
  .refine(({ n }) => Number.isInteger(Math.log2(n)), 'N is a power of two')
  .refine(({ n, r }) => 128 * n * r <= MAX_SCRYPT_BYTES, 'scrypt over 512 MiB')

/** No passphrase: the key stands here, so that whoever can read the file can open it. */
const None = z.strictObject({ name: z.literal('none'), key: exactly(AEAD_KEY_BYTES) })

const Inner = z.strictObject({
  magic: z.literal(MAGIC),
  v: z.literal(1),
  kdf: z.union([Scrypt, None]),
  check: exactly(CHECK_BYTES),
  nonce: exactly(AEAD_NONCE_BYTES),
  body: someBytes,
})
type Kdf = z.infer<typeof Inner>['kdf']

const runScrypt: (
  password: Uint8Array,
  salt: Uint8Array,
  bytes: number,
  options: ScryptOptions,
) => Promise<Buffer> = promisify(scrypt)

const corrupt = (why: string): VivimError =>
  new VivimError('keystore/corrupt', `this sealed file is damaged: ${why}`)

/** 64 bytes: the file's AEAD key, and a check that tells a wrong passphrase from damage. */
async function fileKeys(passphrase: SecretBytes | null, kdf: Kdf) {
  let root: Uint8Array
  if (kdf.name === 'none') root = kdf.key
  else {
    if (!passphrase) throw new VivimError('keystore/wrong-passphrase', 'this file needs a passphrase')
    const { n, r, p, salt } = kdf
    // The copy is what the worker thread reads: the lender may wipe the passphrase meanwhile.
    const password = passphrase.reveal()
    root = plain(await runScrypt(password, salt, 32, { N: n, r, p, maxmem: 128 * n * r + 64 * 1024 * 1024 }))
    password.fill(0)
  }
  const bytes = hkdfExpand(root, bound(LABELS.keystore), AEAD_KEY_BYTES + CHECK_BYTES)
  return { key: bytes.subarray(0, AEAD_KEY_BYTES), check: bytes.subarray(AEAD_KEY_BYTES) }
}

const kdfAsCbor = (kdf: Kdf): { [name: string]: CborValue } => ({ ...kdf })

/** Seal a file's contents. Does not block: scrypt runs in the thread pool.
 *  @param passphrase - UTF-8 bytes; `null` writes the key into the file (kdf `none`), which protects nothing from its reader.
 *  @param cost - scrypt's N, r and p; only tests ask for less than the default.
 *  @returns dag-cbor `[contents, SHA-256(contents)]`, contents `{magic, v, kdf, check, nonce, body}`. */
export async function sealWithPassphrase(
  passphrase: SecretBytes | null,
  plaintext: Uint8Array,
  chance: Chance,
  cost: { readonly n: number; readonly r: number; readonly p: number } = SCRYPT,
): Promise<Uint8Array> {
  const kdf: Kdf = passphrase
    ? { name: 'scrypt', n: cost.n, r: cost.r, p: cost.p, salt: chance.bytes(SALT_BYTES) }
    : { name: 'none', key: chance.bytes(AEAD_KEY_BYTES) }
  const { key, check } = await fileKeys(passphrase, kdf)
  return fileOf(kdf, check, key, plaintext, chance)
}

function fileOf(
  kdf: Kdf,
  check: Uint8Array,
  key: Uint8Array,
  plaintext: Uint8Array,
  chance: Chance,
): Uint8Array {
  const nonce = chance.bytes(AEAD_NONCE_BYTES)
  const header = { magic: MAGIC, v: 1, kdf: kdfAsCbor(kdf), check, nonce }
  const body = aeadSeal(key, nonce, encodeCbor(header), plaintext)
  const contents = encodeCbor({ ...header, body })
  return encodeCbor([contents, sha256(contents)])
}

/** What an open file can be written again with, without its passphrase: it opens that one file and no other. */
export class FileKey {
  readonly #kdf: Kdf
  readonly #check: Uint8Array
  readonly #key: SecretBytes

  constructor(kdf: Kdf, check: Uint8Array, key: SecretBytes) {
    this.#kdf = kdf
    this.#check = check
    this.#key = key
  }

  /** The file with other contents under the same passphrase; a new nonce each time. @throws `keystore/locked` after `wipe`. */
  seal(plaintext: Uint8Array, chance: Chance): Uint8Array {
    return this.#key.use(key => fileOf(this.#kdf, this.#check, key, plaintext, chance))
  }

  wipe(): void {
    this.#key.wipe()
  }
}

function parseFile(file: Uint8Array): z.infer<typeof Inner> {
  let decoded: CborValue
  try {
    const pair = decodeCbor(file, MAX_PASSPHRASE_FILE_BYTES)
    const [contents, sum] = Array.isArray(pair) && pair.length === 2 ? pair : []
    if (!(contents instanceof Uint8Array) || !(sum instanceof Uint8Array)) throw corrupt('not a pair')
    if (!sameBytes(sha256(contents), sum)) throw corrupt('its checksum does not fit')
    decoded = decodeCbor(contents, MAX_PASSPHRASE_FILE_BYTES)
  } catch (cause) {
    throw new VivimError('keystore/corrupt', 'this sealed file is damaged', {}, { cause })
  }
  const parsed = Inner.safeParse(decoded)
  if (!parsed.success) throw corrupt(parsed.error.issues[0]?.message ?? 'wrong shape')
  return parsed.data
}

/** A file that no passphrase opens and that costs as much to try as any other: what is tried for somebody who is not there. */
export function decoyFile(chance: Chance): Uint8Array {
  const kdf: Kdf = { name: 'scrypt', ...SCRYPT, salt: chance.bytes(SALT_BYTES) }
  const contents = encodeCbor({
    magic: MAGIC,
    v: 1,
    kdf: kdfAsCbor(kdf),
    check: chance.bytes(CHECK_BYTES),
    nonce: chance.bytes(AEAD_NONCE_BYTES),
    body: chance.bytes(256),
  })
  return encodeCbor([contents, sha256(contents)])
}

/** Whether a file asks for a passphrase, without opening it. @throws `keystore/corrupt`. */
export const needsPassphrase = (file: Uint8Array): boolean => parseFile(file).kdf.name === 'scrypt'

/** Inverse of `sealWithPassphrase`; the passphrase is not looked at for a file sealed without.
 *  @throws `keystore/wrong-passphrase` (also for none where one is needed), `keystore/corrupt` for damage and for a cost over 512 MiB. */
export async function openWithPassphrase(
  passphrase: SecretBytes | null,
  file: Uint8Array,
): Promise<SecretBytes> {
  const { plaintext, fileKey } = await openToSealAgain(passphrase, file)
  fileKey.wipe()
  return plaintext
}

/** As `openWithPassphrase`, with what writes the file again while it stays unlocked. */
export async function openToSealAgain(
  passphrase: SecretBytes | null,
  file: Uint8Array,
): Promise<{ readonly plaintext: SecretBytes; readonly fileKey: FileKey }> {
  const { kdf, check, nonce, body, magic, v } = parseFile(file)
  const keys = await fileKeys(passphrase, kdf)
  if (!sameSecret(keys.check, check))
    throw new VivimError('keystore/wrong-passphrase', 'that is not the passphrase')
  const header = { magic, v, kdf: kdfAsCbor(kdf), check, nonce }
  try {
    const plaintext = new SecretBytes(aeadOpen(keys.key, nonce, encodeCbor(header), body))
    return { plaintext, fileKey: new FileKey(kdf, check, new SecretBytes(keys.key)) }
  } catch {
    throw corrupt('its contents do not authenticate')
  } finally {
    keys.key.fill(0)
  }
}

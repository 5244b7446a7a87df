/** The attached files of a copy: those that are text are looked through and redacted like any other text, the others leave as they are
 *  and are named. */
import { sha256 } from '../crypto/hash.ts'
import { toHex } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import { MAX_PLAINTEXT_BYTES, type PlainAsset } from '../pipeline/plaintext.ts'
import { type FileText, fileText, HEAD_BYTES, mayBeText } from './file-text.ts'
import { type Leaf, textLeaves } from './leaving.ts'
import type { CopiedMessage } from './scope.ts'

/** Files of the user that parts name by hash. */
export interface AssetReader {
  /** Size in bytes, or null where the file is not there. */
  size(sha256: string): Promise<number | null>
  /** Its first `bytes` bytes, checked against its hash where that is all of it; null where the file is not there. */
  read(sha256: string, bytes: number): Promise<Uint8Array | null>
}

/** A file into which no rule can look: a picture, an archive, a document in a format of its own. */
export interface UnscannedFile {
  messageIndex: number
  name: string | null
  mime: string | null
  bytes: number
}

export interface Files {
  /** Texts of files, to be looked through with the rest. */
  leaves: Leaf[]
  unscanned: UnscannedFile[]
  /** Take over what was put into the leaves: the parts name the redacted file from then on. */
  commit(): void
  /** What has to be appended when sealing, in this order, each once. */
  needed(): PlainAsset[]
  /** Bytes of needed files that are not the user's own any more, by hash. */
  replaced: ReadonlyMap<string, Uint8Array>
}

type FilePart = Extract<CopiedMessage['parts'][number], { type: 'image' | 'attachment' }>

interface OneFile extends PlainAsset {
  parts: FilePart[]
}

/** The files that a copy's parts name; a part whose file is not there says so from now on.
 *  @throws `crypto/too-large` where the texts of files are more than a share can hold. */
export async function filesOf(messages: readonly CopiedMessage[], assets: AssetReader): Promise<Files> {
  const files = new Map<string, OneFile>()
  const leaves: Leaf[] = []
  const unscanned: UnscannedFile[] = []
  const replaced = new Map<string, Uint8Array>()
  const commits: (() => void)[] = []
  let textBytes = 0

  for (const { index, parts } of messages)
    for (const part of parts) {
      if ((part.type !== 'image' && part.type !== 'attachment') || part.asset === null) continue
      const known = files.get(part.asset)
      if (known) {
        known.parts.push(part)
        continue
      }
      const bytes = await assets.size(part.asset)
      const text = bytes === null ? null : await textOf(assets, part.asset, bytes)
      if (bytes === null || text === 'gone') {
        part.asset = null
        part.missing = true
        continue
      }
      const file: OneFile = {
        sha256: part.asset,
        mime: part.mime?.slice(0, 255) ?? null,
        bytes,
        parts: [part],
      }
      files.set(part.asset, file)
      if (text === null) {
        const name = part.type === 'attachment' ? part.name : part.alt
        unscanned.push({ messageIndex: index, name, mime: part.mime, bytes })
        continue
      }
      textBytes += bytes
      if (textBytes > MAX_PLAINTEXT_BYTES)
        throw new VivimError('crypto/too-large', 'the attached texts are more than a share can hold', {
          bytes: textBytes,
          maxBytes: MAX_PLAINTEXT_BYTES,
        })
      commits.push(
        textLeaves(leaves, index, `${part.type}.file`, text.text, changed => {
          replace(file, text.encode(changed), replaced)
        }),
      )
    }

  return {
    leaves,
    unscanned,
    replaced,
    commit: () => {
      for (const commit of commits) commit()
    },
    needed: () => {
      const needed = new Map<string, PlainAsset>()
      for (const { sha256, mime, bytes } of files.values()) needed.set(sha256, { sha256, mime, bytes })
      return [...needed.values()]
    },
  }
}

/** null: not text. */
async function textOf(assets: AssetReader, name: string, bytes: number): Promise<FileText | null | 'gone'> {
  const head = await assets.read(name, Math.min(bytes, HEAD_BYTES))
  if (head === null) return 'gone'
  if (!mayBeText(head)) return null
  const whole = head.length === bytes ? head : await assets.read(name, bytes)
  return whole === null ? 'gone' : fileText(whole)
}

function replace(file: OneFile, bytes: Uint8Array, replaced: Map<string, Uint8Array>): void {
  file.sha256 = toHex(sha256(bytes))
  file.bytes = bytes.length
  replaced.set(file.sha256, bytes)
  for (const part of file.parts) {
    part.asset = file.sha256
    if (part.type === 'attachment') part.size = bytes.length
  }
}

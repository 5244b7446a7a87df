/** What an import format is: one file a format, each an object of this shape, all under one acceptance suite. */
import type { ImportedConversation } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import type { Limits } from './limits.ts'
import type { RawRecord } from './record.ts'
import type { Shelf } from './shelf.ts'

/** What reading yields. Each is one record of the report's `read`, which is therefore the sum of all three. */
export type Emitted =
  | {
      readonly kind: 'conversation'
      readonly conversation: ImportedConversation
      readonly where: string
      /** What the owner should know of how it was taken in. */
      readonly note?: string
    }
  /** A conversation without a message. */
  | { readonly kind: 'empty'; readonly where: string }
  | { readonly kind: 'skipped'; readonly where: string; readonly reason: string }

export interface ReadContext {
  readonly limits: Limits
  readonly assets: AssetCollector
  /** Null: everything stays in memory. */
  readonly shelf: Shelf | null
  /** The last name of the file's path, or null where the bytes come without one. Some exports say their title nowhere
   *  else; it is never what a format is recognised by. */
  readonly fileName: string | null
}

export interface ConversationFormat {
  /** As the report and the command line name it. */
  readonly name: string
  /** As `ImportedConversation.provider` names it. */
  readonly provider: string
  /** How surely the first records (parsed, good ones only, at most 50) are of this format: 0 not at all, 1 surely.
   *  Positive evidence comes from at least two keys. */
  detect(sample: readonly unknown[]): number
  /** Names of files that hold one conversation each, so that such a file without any record is an empty one. */
  readonly emptyNames?: RegExp
  /** Reads records into conversations; a bad record becomes `skipped`. Emits nothing at all where the file holds nothing
   *  of this format after all. Throws only what the asset sink throws. */
  read(records: AsyncIterable<RawRecord>, context: ReadContext): AsyncIterable<Emitted>
}

/** `detect` for formats of which each record tells by itself: the surest of them. */
export const likest = (sample: readonly unknown[], likeness: (value: unknown) => number): number =>
  sample.reduce<number>((best, value) => Math.max(best, likeness(value)), 0)

/** What one record became: a conversation, nothing to show, or why it cannot be one. */
export type Mapped = ImportedConversation | 'empty' | { readonly reason: string }

/** `read` for formats in which each record is one conversation; `lost` reports a piece of it that could not be kept. */
export async function* readEach(
  records: AsyncIterable<RawRecord>,
  context: ReadContext,
  map: (value: unknown, assets: AssetCollector, lost: (reason: string) => void) => Mapped,
): AsyncGenerator<Emitted> {
  for await (const record of records) {
    const { where } = record
    if (record.kind === 'bad') {
      yield { kind: 'skipped', where, reason: record.reason }
      continue
    }
    const reasons: string[] = []
    const mapped = map(record.value, context.assets, reason => reasons.push(reason))
    await context.assets.settle()
    if (mapped === 'empty') yield { kind: 'empty', where }
    else if ('reason' in mapped) yield { kind: 'skipped', where, reason: mapped.reason }
    else yield { kind: 'conversation', conversation: mapped, where }
    for (const reason of reasons) yield { kind: 'skipped', where, reason }
  }
}

/** Table `share_content`: the private side of own shares: title, frozen bytes, keys sealed under the storage key. */
import { plain } from '../../../core/crypto/hash.ts'
import { ConversationId, ShareId } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

export interface ShareContentRow {
  shareId: ShareId
  conversationId: ConversationId | null
  title: string | null
  note: string | null
  digest: string
  /** One text for one audience, and the terms as the user wrote them: what makes two shares the same. */
  audienceKey: string
  termsText: string
  /** Plaintext v1, frozen before sealing; null once it was given up. */
  plaintext: Uint8Array | null
  /** The redaction receipt, wire form, or null. */
  receipt: Uint8Array | null
  contentKeySealed: Uint8Array | null
  /** The grant to the own recovery key, or null. */
  ownGrant: Uint8Array | null
  createdAtMs: number
}

interface Stored {
  share_id: string
  conversation_id: string | null
  title: string | null
  note: string | null
  digest: string
  audience_key: string
  terms_text: string
  plaintext: Uint8Array | null
  receipt: Uint8Array | null
  content_key_sealed: Uint8Array | null
  own_grant: Uint8Array | null
  created_at_ms: number
}

const rowOf = (row: Stored): ShareContentRow => ({
  shareId: ShareId.parse(row.share_id),
  conversationId: row.conversation_id === null ? null : ConversationId.parse(row.conversation_id),
  title: row.title,
  note: row.note,
  digest: row.digest,
  audienceKey: row.audience_key,
  termsText: row.terms_text,
  plaintext: row.plaintext && plain(row.plaintext),
  receipt: row.receipt && plain(row.receipt),
  contentKeySealed: row.content_key_sealed && plain(row.content_key_sealed),
  ownGrant: row.own_grant && plain(row.own_grant),
  createdAtMs: row.created_at_ms,
})

export function makeShareContentReader(sql: Sql) {
  return {
    get(share: ShareId): ShareContentRow | null {
      const row = sql.get<Stored>('SELECT * FROM share_content WHERE share_id = ?', share)
      return row && rowOf(row)
    },
    /** Shares of the same bytes to the same audience on the same terms, newest first; which of them still lives is in the
     *  master database. */
    same: (digest: string, audienceKey: string, termsText: string): ShareId[] =>
      sql
        .all<{ share_id: string }>(
          `SELECT share_id FROM share_content WHERE digest = ? AND audience_key = ? AND terms_text = ?
           ORDER BY created_at_ms DESC, share_id`,
          digest,
          audienceKey,
          termsText,
        )
        .map(row => ShareId.parse(row.share_id)),
    /** Shares that came back from who holds them, after a recovery: their terms as they were given are not known, and their id stands
     *  there instead. `isRead`: their content is here and was checked. */
    regained: (): { share: ShareId; isRead: boolean }[] =>
      sql
        .all<{ share_id: string; digest: string }>(
          'SELECT share_id, digest FROM share_content WHERE terms_text = share_id',
        )
        .map(row => ({ share: ShareId.parse(row.share_id), isRead: row.digest !== '' })),
    /** Titles by share, for lists. */
    titles: (): Map<ShareId, string | null> =>
      new Map(
        sql
          .all<{ share_id: string; title: string | null }>('SELECT share_id, title FROM share_content')
          .map(row => [ShareId.parse(row.share_id), row.title]),
      ),
  }
}

export function makeShareContentWriter(sql: WritingSql) {
  return {
    ...makeShareContentReader(sql),
    put(row: ShareContentRow): void {
      sql.run(
        `INSERT INTO share_content (share_id, conversation_id, title, note, digest, audience_key, terms_text, plaintext,
           receipt, content_key_sealed, own_grant, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.shareId,
        row.conversationId,
        row.title,
        row.note,
        row.digest,
        row.audienceKey,
        row.termsText,
        row.plaintext,
        row.receipt,
        row.contentKeySealed,
        row.ownGrant,
        row.createdAtMs,
      )
    },
    /** Another sealing of the same keys: under another storage key, for other devices. */
    reseal: (share: ShareId, contentKeySealed: Uint8Array, ownGrant: Uint8Array): boolean =>
      sql.run(
        'UPDATE share_content SET content_key_sealed = ?, own_grant = ? WHERE share_id = ?',
        contentKeySealed,
        ownGrant,
        share,
      ) > 0,
    /** What a share that was handed back turned out to hold. @param receipt - the redaction receipt, wire form, or null. */
    found: (share: ShareId, digest: string, receipt: Uint8Array | null): boolean =>
      sql.run('UPDATE share_content SET digest = ?, receipt = ? WHERE share_id = ?', digest, receipt, share) >
      0,
    /** Give up the bytes and keys of a share that ended; its title stays for the list. */
    empty: (share: ShareId): boolean =>
      sql.run(
        `UPDATE share_content SET plaintext = NULL, content_key_sealed = NULL, own_grant = NULL WHERE share_id = ?`,
        share,
      ) > 0,
    delete: (share: ShareId): boolean => sql.run('DELETE FROM share_content WHERE share_id = ?', share) > 0,
  }
}

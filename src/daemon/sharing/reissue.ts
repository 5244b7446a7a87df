/** Re-issuing: a live share is replaced by one of the same bytes, redacted by the rules of today, for the same audience on the same terms.
 *  The source is what was sealed, not the conversation: it may have grown or be gone, and nothing leaves that was not out before. */
import type { Result } from '../../core/contract/methods.ts'
import { prepareShare } from '../../core/filter/preview.ts'
import type { Extra } from '../../core/filter/scope.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { BlockStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import { openOwnContent, sealedAssets } from './contents.ts'
import type { Endings } from './endings.ts'
import type { FilterListsService } from './filter-lists.ts'
import type { KeyRing } from './keys.ts'
import type { Sealing } from './sealing.ts'
import type { Shares } from './shares.ts'

export interface ReissueDeps {
  users: UserDatabaseManager
  audiences: Audiences
  blocks: BlockStore
  shares: Shares
  sealing: Sealing
  endings: Endings
  lists: FilterListsService
  keys: KeyRing
  clock: Clock
}

/** All that was chosen when it was shared. */
const EVERYTHING: readonly Extra[] = ['tools', 'thinking', 'attachments', 'hidden']

export function makeReissue(deps: ReissueDeps) {
  const { users, audiences, shares, sealing, endings, lists, clock } = deps

  async function reissue(
    local: Did,
    selector: string,
    signal: AbortSignal,
  ): Promise<Result<'share.reissue'>> {
    const share = await shares.find(local, selector)
    const content = await openOwnContent(share, deps)
    const row = users.read(local, db => db.shareContents.get(share.shareId))
    if (row === null) throw new VivimError('program/defect', 'a share without its content')
    const { plain } = content
    const files = sealedAssets(content)
    const prepared = await prepareShare(
      {
        conversation: {
          title: plain.title,
          messages: plain.messages.map(({ index, role, createdAt, parts }) => ({
            index,
            role,
            createdAtMs: createdAt,
            hidden: false,
            branch: 'main',
            parts,
          })),
        },
        owner: local,
        include: EVERYTHING,
        note: plain.note ?? undefined,
        onFindings: 'redact',
      },
      { clock, assets: files, lists: lists.of(local), signal },
    )
    if (prepared.findings.length === 0)
      return { ...(await shares.created(local, share, prepared, false)), replaces: share.shareId }
    const { audienceKey, termsText } = row
    signal.throwIfAborted()
    // The new one first: whoever has a right to it never stands without, and a kill between the two leaves what can be done again.
    const next =
      (await shares.sameLive(local, prepared.digest, audienceKey, termsText)) ??
      (await sealing.sealAndStore(local, {
        params: { allow: share.terms.allow },
        audience: {
          ...share.audience,
          wished: share.audience.circles.flatMap(circle => audiences.wishedFor(local, circle)),
        },
        terms: share.terms,
        prepared: { ...prepared, replaced: new Map([...files.bytes, ...prepared.replaced]) },
        conversation: row.conversationId,
        audienceKey,
        termsText,
      }))
    await endings.endOwn(share, 'revoked')
    return { ...(await shares.created(local, next, prepared, true)), replaces: share.shareId }
  }

  return {
    /** @throws `share/not-found`, `share/revoked`, `share/expired`, `keystore/locked`, `filter/failed`; then nothing has changed. */
    reissue: (local: Did, selector: string, signal: AbortSignal): Promise<Result<'share.reissue'>> =>
      shares.alone(local, () => reissue(local, selector, signal)),
  }
}

export type Reissue = ReturnType<typeof makeReissue>

/** The lines of one Claude Code file put together: sessions, the conversations of their agents, chains and titles. */

import type { ImportedConversation, ImportedMessage, Part } from '../model/conversation.ts'
import { metaOf } from './facts.ts'
import type { Emitted } from './format.ts'
import { arrayOf, idOf, type JsonObject, nameOf, objectOf } from './json-values.ts'
import { firstPrompt, promptTitle } from './session-text.ts'
import { LateMessage } from './shelf.ts'
import { orderTree, type TreeNode } from './tree.ts'

export const PROVIDER = 'claude-code'

export interface SessionLine {
  readonly uuid: string
  parent: string | null
  readonly session: string
  /** Id of the agent whose side line this is, '' when it names none; null on the main line. */
  readonly agent: string | null
  readonly where: string
  message: ImportedMessage | null
  readonly injected: Part[]
  readonly calls: readonly { readonly id: string; readonly prompt: string | null }[]
  readonly results: readonly string[]
  /** The provider's id of the answer that this line is a piece of. */
  readonly answerId: string | null
  /** The metadata of a compaction, where the line is its boundary. */
  readonly compact: JsonObject | null
  readonly createdAtMs: number | null
  readonly chars: number
  readonly fingerprint: string
  /** The agent whose work the line's tool result is. */
  readonly resultAgent: string | null
}

const META_KEYS = ['cwd', 'gitBranch', 'version'] as const
/** More messages than any compaction keeps. */
const SURVIVORS = 10_000

export class SessionFile {
  readonly #lines = new Map<string, SessionLine>()
  readonly #titles = new Map<string, { custom?: string; ai?: string }>()
  readonly #summaries: { leaf: string; text: string }[] = []
  readonly #meta = new Map<string, Record<string, string>>()
  readonly #agentCalls = new Map<string, string>()
  readonly #promptCalls = new Map<string, string>()
  #firstWhere: string | null = null

  /** Takes the facts that a line of any type may carry. */
  note(line: JsonObject, where: string): void {
    this.#firstWhere ??= where
    const session = idOf(line.sessionId) ?? ''
    if (line.type === 'custom-title' || line.type === 'ai-title') {
      const titles = this.#titles.get(session) ?? {}
      const custom = nameOf(line.customTitle)
      const ai = nameOf(line.aiTitle)
      if (custom !== null) titles.custom = custom
      if (ai !== null) titles.ai = ai
      this.#titles.set(session, titles)
    }
    const summary = nameOf(line.summary)
    const leaf = idOf(line.leafUuid)
    if (line.type === 'summary' && summary !== null && leaf !== null)
      this.#summaries.push({ leaf, text: summary })
    if (this.#meta.has(session) || !('cwd' in line)) return
    this.#meta.set(session, metaOf(Object.fromEntries(META_KEYS.map(key => [key, nameOf(line[key])]))))
  }

  /** Adds a line; of two with one uuid the first stays, and it is a conflict if they say different things. */
  add(line: SessionLine): 'added' | 'same' | 'conflict' {
    const known = this.#lines.get(line.uuid)
    if (known !== undefined) return known.fingerprint === line.fingerprint ? 'same' : 'conflict'
    this.#lines.set(line.uuid, line)
    // One copy of an id that two lines name: a long session has a hundred thousand of them.
    if (line.parent !== null) line.parent = this.#lines.get(line.parent)?.uuid ?? line.parent
    for (const { id, prompt } of line.calls) if (prompt !== null) this.#promptCalls.set(prompt, id)
    const call = line.results[0]
    if (line.resultAgent !== null && call !== undefined) this.#agentCalls.set(line.resultAgent, call)
    return 'added'
  }

  /** Everything that was added, as conversations: sessions, then the side lines of agents. */
  *conversations(): Generator<Emitted> {
    const sessions = this.#sessions()
    const groups = new Map<string, { readonly agent: string | null; readonly lines: SessionLine[] }>()
    for (const line of this.#lines.values()) {
      const session = sessions.get(line.session) ?? line.session
      const agent = line.agent === null ? null : this.#agentOf(line)
      const key = agent === null ? session : `${line.session}/${agent}`
      const group = groups.get(key)
      if (group) group.lines.push(line)
      else groups.set(key, { agent, lines: [line] })
    }
    const where = this.#firstWhere
    if (groups.size === 0 && where !== null) yield { kind: 'empty', where }
    const sorted = [...groups].sort(([, a], [, b]) => Number(a.agent !== null) - Number(b.agent !== null))
    // A line is held until its conversation is made, not while that is stored.
    this.#lines.clear()
    for (const [sourceId, { agent, lines }] of sorted) {
      const at = (lines[0] as SessionLine).where
      const conversation = this.#conversation(sourceId, agent, lines)
      lines.length = 0
      if (conversation === null) yield { kind: 'empty', where: at }
      else yield { kind: 'conversation', conversation, where: at }
    }
  }

  /** Sessions that continue one another are one conversation, named by the last: a resumed file repeats the lines of
   *  the session before it. Gives each session the name of its conversation. */
  #sessions(): Map<string, string> {
    const head = new Map<string, string>()
    const headOf = (session: string): string => {
      let at = session
      for (let next = head.get(at); next !== undefined && next !== at; next = head.get(at)) at = next
      return at
    }
    const last = new Map<string, string>()
    for (const line of this.#lines.values()) {
      if (line.agent !== null) continue
      const parent = line.parent === null ? undefined : this.#lines.get(line.parent)
      if (parent !== undefined && parent.agent === null && headOf(parent.session) !== headOf(line.session))
        head.set(headOf(parent.session), headOf(line.session))
    }
    for (const line of this.#lines.values())
      if (line.agent === null) last.set(headOf(line.session), line.session)
    const names = new Map<string, string>()
    for (const line of this.#lines.values())
      names.set(line.session, last.get(headOf(line.session)) ?? line.session)
    return names
  }

  /** The agent's id, or else the first line of its chain. */
  #agentOf(line: SessionLine): string {
    if (line.agent !== null && line.agent !== '') return line.agent
    const seen = new Set<string>()
    let at = line
    for (;;) {
      seen.add(at.uuid)
      const parent: SessionLine | undefined = at.parent === null ? undefined : this.#lines.get(at.parent)
      if (parent === undefined || parent.agent === null || seen.has(parent.uuid)) return at.uuid
      at = parent
    }
  }

  #conversation(
    sourceId: string,
    agent: string | null,
    lines: readonly SessionLine[],
  ): ImportedConversation | null {
    mergeAnswers(lines)
    chainResults(lines)
    relinkCompactions(lines)
    const leaf = lines.findLast(line => line.message !== null)?.uuid ?? null
    const messages = orderTree(lines.flatMap(nodesOf), { leaf, missing: 'each' })
    if (messages.length === 0) return null
    const times = lines.flatMap(line => (line.createdAtMs === null ? [] : [line.createdAtMs]))
    const first = lines[0] as SessionLine
    const meta = { ...this.#meta.get(first.session) }
    if (agent !== null) {
      meta.parentSession = first.session
      meta.agent = agent
      const call =
        this.#agentCalls.get(first.agent ?? '') ?? this.#promptCalls.get(firstPrompt(messages) ?? '')
      if (call !== undefined) meta.parentCall = call
    }
    return {
      provider: PROVIDER,
      sourceId,
      title: this.#title(lines, messages),
      model: messages.findLast(message => message.model !== null)?.model ?? null,
      createdAtMs: times[0] ?? null,
      updatedAtMs: times.reduce<number | null>((a, b) => (a === null || b > a ? b : a), null),
      messages,
      meta,
    }
  }

  #title(lines: readonly SessionLine[], messages: readonly ImportedMessage[]): string | null {
    if (lines[0]?.agent === null) {
      const sessions = [...new Set(lines.map(line => line.session))].reverse()
      for (const kind of ['custom', 'ai'] as const)
        for (const session of [...sessions, '']) {
          const title = this.#titles.get(session)?.[kind]
          if (title !== undefined) return title
        }
      // A summary may describe another session: only one whose leaf is here counts.
      const own = new Set(lines.map(line => line.uuid))
      const summary = this.#summaries.findLast(each => own.has(each.leaf))
      if (summary !== undefined) return summary.text
    }
    return promptTitle(firstPrompt(messages))
  }
}

/** Pieces of one answer that follow one another become its first piece; the others stay as links of the chain. */
function mergeAnswers(lines: readonly SessionLine[]): void {
  /** For each line of an answer, the line that holds its parts. */
  const holders = new Map<string, SessionLine>()
  const known = new Set(lines.map(line => line.uuid))
  /** The pieces after the first, by the line that takes them. */
  const further = new Map<SessionLine, ImportedMessage[]>()
  let before: SessionLine | null = null
  for (const line of lines) {
    if (line.answerId !== null) {
      const parent: string | null =
        line.parent !== null && !known.has(line.parent) ? (before?.uuid ?? null) : line.parent
      const holder: SessionLine | undefined = parent === null ? undefined : holders.get(parent)
      if (holder !== undefined && holder.answerId === line.answerId) {
        if (line.message !== null) {
          const pieces = further.get(holder)
          if (holder.message === null) {
            holder.message = line.message
            holder.message.id = holder.uuid
          } else if (pieces === undefined) further.set(holder, [line.message])
          else pieces.push(line.message)
          line.message = null
        }
        holders.set(line.uuid, holder)
      } else holders.set(line.uuid, line)
    }
    before = line
  }
  for (const [holder, pieces] of further)
    if (holder.message !== null) holder.message = LateMessage.joined(holder.message, pieces)
}

/** Results of calls that one answer made at once hang beside each other; one after the other, all of them are on the
 *  way to what follows. */
function chainResults(lines: readonly SessionLine[]): void {
  const callers = new Map<string, string>()
  const lastResult = new Map<string, string>()
  for (const line of lines) {
    const answer = line.answerId ?? line.uuid
    for (const { id } of line.calls) callers.set(id, answer)
    if (line.message?.role !== 'tool') continue
    const caller = callers.get(line.results[0] ?? '')
    if (caller === undefined) continue
    const last = lastResult.get(caller)
    if (last !== undefined) line.parent = last
    lastResult.set(caller, line.uuid)
  }
}

/** Messages that a compaction kept stand again after its boundary, in the order it names them. */
function relinkCompactions(lines: readonly SessionLine[]): void {
  const byId = new Map(lines.map(line => [line.uuid, line]))
  for (const boundary of lines) {
    if (boundary.compact === null) continue
    const kept = objectOf(boundary.compact.preservedMessages)
    const survivors = new Set<SessionLine>()
    for (const uuid of arrayOf(kept.uuids).slice(0, SURVIVORS)) {
      const line = byId.get(idOf(uuid) ?? '')
      if (line !== undefined && line !== boundary) survivors.add(line)
    }
    const [head] = survivors
    if (head === undefined) continue
    const before = boundary.parent === null ? undefined : byId.get(boundary.parent)
    if (before !== undefined && survivors.has(before)) boundary.parent = head.parent
    let above = byId.get(idOf(kept.anchorUuid) ?? '') ?? boundary
    if (survivors.has(above)) above = boundary
    for (const line of survivors) {
      line.parent = above.uuid
      above = line
    }
  }
}

/** The nodes of a line: what the program wrote into a person's line stands as a hidden message before it. */
function nodesOf(line: SessionLine): TreeNode[] {
  const { uuid, parent, message } = line
  if (line.injected.length === 0 || message === null) return [{ id: uuid, parent, message }]
  const id = `${uuid}:injected`
  const hidden: ImportedMessage = { ...message, id, role: 'system', hidden: true, parts: line.injected }
  return [
    { id, parent, message: hidden },
    { id: uuid, parent: id, message },
  ]
}

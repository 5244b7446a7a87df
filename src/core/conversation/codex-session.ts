/** The items and events of one Codex session put together: what is told twice counts once, and what a fork repeats of
 *  its parent is left to the parent. */
import { createHash } from 'node:crypto'
import type { ImportedConversation, ImportedMessage } from '../model/conversation.ts'
import type { ItemParts } from './codex-parts.ts'
import { sourceIdOf } from './conversation-id.ts'
import { latestOf, metaOf } from './facts.ts'
import { idOf, type JsonObject, jsonText, nameOf, objectOf, timeOf } from './json-values.ts'
import { charsOf, firstPrompt, promptTitle } from './session-text.ts'
import { LateMessage, type Shelf, Shelved } from './shelf.ts'
import { orderTree, type TreeNode } from './tree.ts'

export const PROVIDER = 'codex'

/** Who tells a turn: the transcript, or an event that mostly repeats it. */
type Teller = 'item' | 'event'

interface Entry {
  readonly teller: Teller
  readonly told: ItemParts
  readonly createdAtMs: number | null
  readonly model: string | null
  /** What kind of turn it is, to be compared between tellers. */
  readonly kind: 'user' | 'assistant' | 'thinking' | 'tool' | 'hidden'
  /** Whether the other teller tells it too. */
  isEchoed: boolean
  /** Its parts, where they are not in memory. */
  shelved: Shelved | null
}

/** A step of the session: a turn, or so many turns of the user taken back. */
type Step = Entry | { readonly back: number }

/** More turns than anybody takes back. */
const MOST_BACK = 100_000

export class CodexSession {
  readonly id: string | null
  readonly startedAtMs: number | null
  readonly parent: string | null
  readonly where: string
  chars = 0
  readonly #meta: Record<string, string>
  readonly #steps: Step[] = []
  /** By kind and text, those that only one of the two has told so far. */
  #alone = { item: new Map<string, Entry[]>(), event: new Map<string, Entry[]>() }
  #model: string | null = null
  #name: string | null = null
  #isReplay: boolean
  /** Since the header of a parent, while it is not known whose items they are: where they begin, and the name before. */
  #held: { readonly from: number; readonly name: string | null; isRepeated: boolean } | null = null
  #lastMs: number | null = null

  /** @param header - the payload of `session_meta`, or the first line of an older file; empty where there is none.
   *  @param timeMs - when it was written */
  constructor(header: JsonObject, where: string, timeMs: number | null) {
    this.id = idOf(header.id) ?? idOf(header.session_id)
    this.startedAtMs = timeOf(header.timestamp) ?? timeMs
    this.where = where
    const spawn = objectOf(objectOf(objectOf(header.source).subagent).thread_spawn)
    this.parent = idOf(header.forked_from_id) ?? idOf(header.parent_thread_id) ?? idOf(spawn.parent_thread_id)
    this.#isReplay = this.parent !== null
    // The address of the repository can hold a token: it is not kept.
    this.#meta = metaOf({
      cwd: nameOf(header.cwd),
      gitBranch: nameOf(objectOf(header.git).branch),
      version: nameOf(header.cli_version),
      originator: nameOf(header.originator),
      parentSession: this.parent,
      agent: nameOf(header.agent_nickname) ?? nameOf(spawn.agent_nickname),
    })
  }

  /** The header of another session stands in this one's file: that session's items may follow, with their own times or with
   *  new ones. */
  replays(): void {
    this.#isReplay = true
    if (this.#held === null) this.#held = { from: this.#steps.length, name: this.#name, isRepeated: false }
  }

  /** A turn begins, and tells by its time or its id (UUIDv7) whether it is the parent's or this session's own. */
  turnBegins(turn: JsonObject): void {
    const { startedAtMs } = this
    const atMs = timeOf(turn.started_at) ?? uuidTimeOf(idOf(turn.turn_id))
    if (this.#held === null || atMs === null || startedAtMs === null) return
    if (atMs < startedAtMs - (startedAtMs % 1000)) this.#held.isRepeated = true
    else this.ownBegins()
  }

  /** From here on everything is this session's own; what was held is dropped where it was seen to be the parent's. */
  ownBegins(): void {
    const held = this.#held
    this.#held = null
    if (held === null || !held.isRepeated) return
    this.#steps.length = held.from
    this.#name = held.name
    this.#alone = { item: new Map(), event: new Map() }
  }

  /** Whether a line of this time is the parent's, repeated. */
  isRepeated(timeMs: number | null): boolean {
    return this.#isReplay && timeMs !== null && this.startedAtMs !== null && timeMs < this.startedAtMs
  }

  setModel(model: string | null): void {
    this.#model = model ?? this.#model
  }

  setName(name: string | null): void {
    this.#name = name ?? this.#name
  }

  goBack(turns: number): void {
    this.#steps.push({ back: Math.min(turns, MOST_BACK) })
  }

  /** @param shelf - takes its parts when they are long; null keeps them in memory */
  add(teller: Teller, told: ItemParts, createdAtMs: number | null, shelf: Shelf | null): void {
    if (told.parts.length === 0) return
    this.#lastMs = latestOf([this.#lastMs, createdAtMs])
    const model = told.role === 'assistant' ? this.#model : null
    const entry: Entry = {
      teller,
      told,
      createdAtMs,
      model,
      kind: kindOf(told),
      isEchoed: false,
      shelved: null,
    }
    const key = echoKey(entry)
    const other = this.#alone[teller === 'item' ? 'event' : 'item'].get(key)?.pop()
    if (other !== undefined) {
      entry.isEchoed = true
      other.isEchoed = true
      if (teller === 'event') return
      // The item is told from here on; what the event told is let go.
      this.chars -= charsOf(other.told.parts)
      other.told.parts.length = 0
      other.shelved = null
    } else {
      const alone = this.#alone[teller].get(key)
      if (alone) alone.push(entry)
      else this.#alone[teller].set(key, [entry])
    }
    entry.shelved = shelf === null ? null : Shelved.of(told.parts, shelf)
    if (entry.shelved !== null) told.parts.length = 0
    this.chars += charsOf(told.parts) + charsOf(told.injected)
    this.#steps.push(entry)
  }

  /** The conversation, or null when nothing was said. */
  conversation(): ImportedConversation | null {
    this.ownBegins()
    const nodes: TreeNode[] = []
    const ids = new Map<string, number>()
    /** For each turn of the user on the way, what it follows. */
    const turns: (string | null)[] = []
    let before: string | null = null
    const add = (
      entry: Entry,
      given: ItemParts['parts'] | Shelved,
      role: ItemParts['role'],
      hidden: boolean,
    ) => {
      const parts = given instanceof Shelved ? given.load() : given
      const text = jsonText(parts.map(part => ('missing' in part ? { ...part, asset: null } : part)))
      // Without the time: an item and the event that told it first are one message.
      const first = sourceIdOf(PROVIDER, '0', role, text, null)
      const seen = ids.get(first) ?? 0
      ids.set(first, seen + 1)
      const id = seen === 0 ? first : sourceIdOf(PROVIDER, String(seen), role, text, null)
      const message: ImportedMessage = {
        id,
        parent: null,
        role,
        author: entry.told.author,
        createdAtMs: entry.createdAtMs,
        branch: 'main',
        hidden,
        model: entry.model,
        parts,
      }
      const held = given instanceof Shelved ? new LateMessage(message, [given]) : message
      nodes.push({ id, parent: before, message: held })
      before = id
    }
    for (const step of withoutEchoes(this.#steps)) {
      if ('back' in step) {
        for (let n = 0; n < step.back && turns.length > 0; n++) before = turns.pop() ?? null
        continue
      }
      const { role, hidden, injected } = step.told
      if (injected.length > 0) add(step, injected, 'system', true)
      if (role === 'user' && !hidden) turns.push(before)
      add(step, step.shelved ?? step.told.parts, role, hidden)
    }
    const messages = orderTree(nodes, { leaf: before, missing: 'each' })
    const first = messages[0]
    if (first === undefined) return null
    const createdAtMs = this.startedAtMs ?? first.createdAtMs
    return {
      provider: PROVIDER,
      sourceId: this.id ?? sourceIdOf(PROVIDER, first.id, first.role, '', createdAtMs),
      title: this.#name ?? promptTitle(ownRequest(firstPrompt(messages))) ?? this.#meta.agent ?? null,
      model: messages.findLast(message => message.model !== null)?.model ?? null,
      createdAtMs,
      updatedAtMs: this.#lastMs,
      messages,
      meta: this.#meta,
    }
  }
}

/** The time in a UUIDv7 (RFC 9562, 5.7), or null. */
function uuidTimeOf(id: string | null): number | null {
  const hex = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/i.exec(id ?? '')
  return hex === null ? null : timeOf(Number.parseInt(`${hex[1]}${hex[2]}`, 16))
}

function kindOf({ role, hidden, parts }: ItemParts): Entry['kind'] {
  if (hidden || role === 'system') return 'hidden'
  if (role === 'tool' || parts.some(part => part.type === 'toolCall')) return 'tool'
  if (role === 'assistant' && parts.every(part => part.type === 'thinking')) return 'thinking'
  return role
}

/** An editor puts what it sees before the request. */
function ownRequest(prompt: string | null): string | null {
  const mark = '## My request for Codex:'
  const at = prompt?.indexOf(mark) ?? -1
  return prompt === null || at < 0 ? prompt : prompt.slice(at + mark.length)
}

/** What both tellers say of one turn. */
function echoKey({ kind, told }: Entry): string {
  const texts = told.parts.flatMap(part => (part.type === 'text' ? [part.text] : []))
  return createHash('sha256')
    .update(`${kind} ${texts.join('\n').trim()}`)
    .digest('base64')
}

/** The steps without the events that repeat an item: in the same words, or in others but alone beside it. */
function withoutEchoes(steps: readonly Step[]): Step[] {
  const isTurn = (step: Step, teller: Teller, kind: Entry['kind']): step is Entry =>
    'teller' in step && step.teller === teller && step.kind === kind
  const kinds = new Set(
    steps.flatMap(step => ('teller' in step && step.teller === 'item' ? [step.kind] : [])),
  )
  const paired = new Set<Step>()
  return steps.filter((step, at) => {
    if (!('teller' in step) || step.teller === 'item') return true
    const { kind } = step
    if (step.isEchoed || ((kind === 'thinking' || kind === 'tool') && kinds.has(kind))) return false
    for (const by of [-1, 1])
      for (let i = at + by; i >= 0 && i < steps.length; i += by) {
        const other = steps[i] as Step
        if (isTurn(other, 'event', kind)) break
        if (!isTurn(other, 'item', kind) || other.isEchoed || paired.has(other)) continue
        paired.add(other)
        return false
      }
    return true
  })
}

/** Gemini in Google Takeout: activity, one row a question with its answer, newest first, as JSON or as a page. Rows name
 *  no conversation that could be relied on: each is one of its own. */
import type { ImportedConversation, ImportedMessage, Part } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import type { ConversationFormat, Emitted, ReadContext } from './format.ts'
import { type Activity, activityOfRow, isBeside, isGemini, isRow } from './gemini-activity.ts'
import { activityOfCell } from './gemini-cell.ts'
import { isMarker, promptOf } from './gemini-prompt.ts'
import { htmlMarkdown, type MarkdownImage } from './html-markdown.ts'
import { dataUrl } from './image-url.ts'
import { isObject, jsonText } from './json-values.ts'
import type { RawRecord } from './record.ts'
import { oneLine, titleFrom } from './title.ts'

const PROVIDER = 'gemini'

export const geminiTakeout: ConversationFormat = {
  name: 'gemini-takeout',
  provider: PROVIDER,

  detect(sample) {
    let best = 0
    for (const value of sample) {
      const activity = activityOf(value)
      // A file may begin with many rows of other products; only all of it tells that there is none of Gemini.
      if (activity !== null) best = Math.max(best, isGemini(activity) ? 1 : 0.4)
    }
    return best
  },

  read: readRows,
}

/** The row or cell as activity, or null when it is neither. */
function activityOf(value: unknown): Activity | null {
  if (!isObject(value)) return null
  if (typeof value.outerCell === 'string') return activityOfCell(value.outerCell)
  return isRow(value) ? activityOfRow(value) : null
}

/** Rows of other products that are remembered one by one until the first of Gemini. */
const NAMED_OTHERS = 10_000

async function* readRows(records: AsyncIterable<RawRecord>, context: ReadContext): AsyncGenerator<Emitted> {
  /** What is said only if the file holds something of Gemini. */
  const before: Emitted[] = []
  let beforeMore = 0
  let hasGemini = false
  for await (const record of records) {
    const emitted = await rowOf(record, context)
    if (!hasGemini && emitted.kind === 'skipped') {
      if (before.length < NAMED_OTHERS) before.push(emitted)
      else beforeMore++
      continue
    }
    hasGemini = true
    yield* before.splice(0)
    for (; beforeMore > 0; beforeMore--) yield { kind: 'skipped', where: 'file', reason: OTHER }
    yield emitted
  }
  // Damaged records alone are no activity either, but whoever has them wants to know.
  if (!hasGemini) for (const each of before) if (each.kind === 'skipped' && each.reason !== OTHER) yield each
}

const OTHER = 'it is activity of another product'

async function rowOf(record: RawRecord, context: ReadContext): Promise<Emitted> {
  const { where } = record
  if (record.kind === 'bad') return { kind: 'skipped', where, reason: record.reason }
  const activity = activityOf(record.value)
  if (activity === null) {
    const reason = isObject(record.value) ? 'it is no row of activity' : 'it is not an object'
    return { kind: 'skipped', where, reason }
  }
  if (!isGemini(activity)) return { kind: 'skipped', where, reason: OTHER }
  const conversation = conversationOf(activity, context.assets)
  await context.assets.settle()
  return conversation === null ? { kind: 'empty', where } : { kind: 'conversation', conversation, where }
}

function conversationOf(activity: Activity, assets: AssetCollector): ImportedConversation | null {
  const { timeMs, threadId } = activity
  const prompt = promptOf(activity.title)
  const answer = answerParts(activity, assets)
  const isUnclear = prompt.kind === 'unclear' && answer.length + activity.files.length === 0
  const isDone = prompt.kind === 'done' || (isUnclear && isMarker(prompt.text, activity.names))
  const asked: Part[] = []
  if (!isDone) {
    if (prompt.text !== '') asked.push({ type: 'text', text: prompt.text, format: 'plain' })
    asked.push(...fileParts(activity, assets))
  }
  // What was made, such as a canvas, stands in the lines of its row.
  if (isDone && activity.lines.length > 0)
    answer.unshift({ type: 'text', text: activity.lines.join('\n'), format: 'md' })
  if (!isDone)
    for (const line of activity.lines) asked.push({ type: 'unknown', raw: jsonText({ subtitle: line }) })
  const common = { author: null, createdAtMs: timeMs, branch: 'main', hidden: false, model: null }
  const messages: ImportedMessage[] = []
  if (asked.some(part => part.type !== 'unknown'))
    messages.push({ ...common, id: 'prompt', parent: null, role: 'user', parts: asked })
  if (answer.length > 0)
    messages.push({
      ...common,
      id: 'answer',
      parent: messages[0]?.id ?? null,
      role: 'assistant',
      parts: answer,
    })
  if (messages.length === 0) return null
  const meta: Record<string, string> = {}
  if (threadId !== null) meta.threadId = threadId
  if (timeMs === null && activity.time !== null) meta.time = activity.time.slice(0, 200)
  return {
    provider: PROVIDER,
    sourceId: idOfRow(activity, prompt.text, answer),
    title: titleFrom(prompt.text),
    model: null,
    createdAtMs: timeMs,
    updatedAtMs: timeMs,
    messages,
    meta,
  }
}

/** Time and question: a page knows the second only, and both exports of a row are the same row. Rows that ask nothing
 *  are told apart by what they show. */
function idOfRow(activity: Activity, text: string, answer: readonly Part[]): string {
  const { timeMs, time, files } = activity
  const second = timeMs === null ? null : Math.floor(timeMs / 1000) * 1000
  const first = answer.find(part => part.type === 'text')
  const shown = text !== '' ? text : (files[0]?.name ?? (first?.type === 'text' ? first.text : ''))
  return sourceIdOf(PROVIDER, second === null ? (time ?? '') : '', 'user', oneLine(shown), second)
}

function answerParts(activity: Activity, assets: AssetCollector): Part[] {
  const parts: Part[] = []
  for (const nodes of activity.answers) {
    const { text, images } = htmlMarkdown(nodes)
    if (text !== '') parts.push({ type: 'text', text, format: 'md' })
    for (const image of images) parts.push(imagePart(image, assets))
  }
  for (const raw of activity.unknown) parts.push({ type: 'unknown', raw })
  return parts
}

function imagePart({ src, alt }: MarkdownImage, assets: AssetCollector): Part {
  const part: Part = {
    type: 'image',
    asset: null,
    mime: null,
    width: null,
    height: null,
    alt,
    missing: true,
  }
  const data = dataUrl(src)
  if (data !== null) assets.wantInline(part, data.base64)
  // What an answer shows is a picture: it must not get hold of anything else in the archive.
  else if (isBeside(src) && IMAGE_NAME.test(besideOf(src))) assets.wantId(part, besideOf(src))
  return part
}

const IMAGE_NAME = /\.(?:avif|bmp|gif|heic|heif|jpe?g|png|webp)$/i

function fileParts(activity: Activity, assets: AssetCollector): Part[] {
  return activity.files.map(({ name, file }) => {
    const common = { asset: null, mime: null, missing: true }
    const part: Part = IMAGE_NAME.test(file ?? name)
      ? { ...common, type: 'image', width: null, height: null, alt: name }
      : { ...common, type: 'attachment', name, size: null, text: null }
    assets.wantId(part, besideOf(file ?? name))
    return part
  })
}

/** A link to a file beside the activity, as the archive names the file. */
function besideOf(link: string): string {
  const path = link.split(/[?#]/)[0] ?? ''
  const name = path.slice(path.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(name).toWellFormed()
  } catch {
    return name
  }
}

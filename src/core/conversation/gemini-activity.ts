/** One row of Gemini activity, whether the export tells it as JSON or as a cell of a page. */
import { type HtmlNode, parseHtml } from './html-tree.ts'
import {
  arrayOf,
  idOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  textOf,
  timeOf,
} from './json-values.ts'

export interface ActivityFile {
  readonly name: string
  /** How the export calls the file beside the activity, if it says. */
  readonly file: string | null
}

export interface Activity {
  /** What the row belongs to. */
  readonly products: readonly string[]
  /** The same with what the owner's language calls it. */
  readonly names: readonly string[]
  readonly title: string
  /** As written, for telling rows apart where it cannot be read. */
  readonly time: string | null
  readonly timeMs: number | null
  readonly answers: readonly (readonly HtmlNode[])[]
  readonly files: readonly ActivityFile[]
  /** What the row says besides, one text a line. */
  readonly lines: readonly string[]
  /** Blocks that no reader knows, as JSON. */
  readonly unknown: readonly string[]
  /** The id of the conversation at Google, where a link names it. */
  readonly threadId: string | null
}

/** Whether a value is a row of activity of any product. */
export const isRow = (value: JsonObject): boolean =>
  'title' in value && 'time' in value && (Array.isArray(value.products) || typeof value.header === 'string')

/** Whether the row is of Gemini, under this name or the one before. */
export const isGemini = (activity: Activity): boolean =>
  activity.products.some(product => /gemini|\bbard\b/i.test(product))

/** Where the conversation can be opened at Google. */
const THREAD = /^https:\/\/(?:gemini|bard)\.google\.com\/(?:u\/\d+\/)?app\/([A-Za-z0-9_-]{1,100})/

export const threadIn = (url: string | null): string | null =>
  url === null ? null : (THREAD.exec(url)?.[1] ?? null)

/** A row of `MyActivity.json`. Places, and why the row was kept, are nobody's business. */
export function activityOfRow(row: JsonObject): Activity {
  const products = arrayOf(row.products).flatMap(product => textOf(product) ?? [])
  const header = nameOf(row.header)
  const answers: HtmlNode[][] = []
  const unknown: string[] = []
  for (const item of Array.isArray(row.safeHtmlItem) ? row.safeHtmlItem : [row.safeHtmlItem]) {
    const html = textOf(item) ?? textOf(objectOf(item).html) ?? textOf(objectOf(item).htmlValue)
    if (html) answers.push(parseHtml(html))
    else if (isObject(item)) unknown.push(jsonText(item))
  }
  const { files, lines } = subtitlesOf(row)
  const names = header === null ? products : [header, ...products]
  return {
    products: products.length > 0 ? products : names,
    names,
    title: textOf(row.title) ?? '',
    time: textOf(row.time) ?? idOf(row.time),
    timeMs: timeOf(row.time),
    answers,
    files,
    lines,
    unknown,
    threadId: threadOf(row),
  }
}

function threadOf(row: JsonObject): string | null {
  const links = [
    row.titleUrl,
    ...arrayOf(row.details).flatMap(each => [objectOf(each).url, objectOf(each).name]),
  ]
  for (const link of links) {
    const thread = threadIn(textOf(link))
    if (thread !== null) return thread
  }
  return null
}

/** Subtitles are lines below the title: how many files there are (in words), each file with its link, and the text of
 *  what was made, such as a canvas. */
function subtitlesOf(row: JsonObject): { files: ActivityFile[]; lines: string[] } {
  const files = new Map<string, ActivityFile>()
  const lines: string[] = []
  const add = (name: string, file: string | null): void => {
    const key = file ?? name
    if (!files.has(key)) files.set(key, { name, file })
  }
  for (const each of arrayOf(row.subtitles)) {
    const name = textOf(each) ?? textOf(objectOf(each).name) ?? ''
    const url = nameOf(objectOf(each).url)
    if (url !== null && isBeside(url)) add(withoutDash(name) || url, url)
    else if (name.trim() !== '') lines.push(name)
  }
  for (const each of [...arrayOf(row.attachedFiles), ...arrayOf(row.audioFiles)]) {
    const file = nameOf(each) ?? nameOf(objectOf(each).name) ?? nameOf(objectOf(each).file)
    if (file !== null) add(file, file)
  }
  for (const each of Array.isArray(row.imageFile) ? row.imageFile : [row.imageFile]) {
    const file = nameOf(each)
    if (file !== null) add(file, file)
  }
  return {
    files: [...files.values()],
    lines: files.size > 0 ? lines.filter(line => !isCountLine(line)) : lines,
  }
}

/** Files are listed as `-  photo.png`. */
export const withoutDash = (name: string): string => name.replace(/^[\s\u00a0]*[-–•][\s\u00a0]*/, '').trim()

/** `Attached 2 files.`, in any language: short, with a number. */
export const isCountLine = (line: string): boolean =>
  line.length <= 60 && /\p{Nd}/u.test(line) && !line.includes('\n')

/** Whether a link names something beside the activity, not somewhere else. */
export const isBeside = (url: string): boolean => url !== '' && !/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/i.test(url)

/** A tolerant tree of HTML that strangers wrote: tags in any order and never closed are taken as they come, in linear
 *  time. Built on the tokenizer alone, since a parser that keeps its own stack is slow on what is nested without end. */
import { Tokenizer } from 'htmlparser2'

export interface HtmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: HtmlNode[]
}

export type HtmlNode = string | HtmlElement

/** Elements that never hold anything. */
const VOID: ReadonlySet<string> = new Set(
  'area base br col embed hr img input link meta param source track wbr'.split(' '),
)

/** An element of the one kind ends an open one of the other. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  li: ['li'],
  p: ['p'],
  tr: ['td', 'th', 'tr'],
  td: ['td', 'th'],
  th: ['td', 'th'],
  dt: ['dt', 'dd'],
  dd: ['dt', 'dd'],
}

/** Deeper elements become children of the last one: whoever walks the tree may recurse. */
const DEEPEST = 128

/** The text of an attribute, or null. */
export const attributeOf = (element: HtmlElement, name: string): string | null =>
  element.attributes.get(name) ?? null

/** Whether a class attribute names this class. */
export function hasClass(classes: string | null, wanted: string): boolean {
  if (!classes?.includes(wanted)) return false
  return classes.split(/\s+/).includes(wanted)
}

/** The nodes of a fragment of HTML, with text decoded and comments left out. */
export function parseHtml(html: string): HtmlNode[] {
  const root: HtmlNode[] = []
  const open: HtmlElement[] = []
  let name = ''
  let attributes = new Map<string, string>()
  let attribute = ''
  let value = ''

  const siblings = (): HtmlNode[] => open.at(-1)?.children ?? root
  const addText = (text: string): void => {
    const list = siblings()
    const last = list.at(-1)
    if (typeof last === 'string') list[list.length - 1] = last + text
    else list.push(text)
  }
  const begin = (isClosed: boolean): void => {
    const ends = ENDS[name]
    while (ends?.includes(open.at(-1)?.name ?? '')) open.pop()
    const element: HtmlElement = { name: name === 'image' ? 'img' : name, attributes, children: [] }
    siblings().push(element)
    if (!isClosed && !VOID.has(element.name) && open.length < DEEPEST) open.push(element)
  }
  const end = (closed: string): void => {
    if (closed === 'br') siblings().push({ name: 'br', attributes: new Map(), children: [] })
    for (let i = open.length - 1; i >= 0; i--)
      if (open[i]?.name === closed) {
        open.length = i
        return
      }
  }

  const tokens = new Tokenizer(
    {},
    {
      ontext: (from, to) => addText(html.slice(from, to)),
      ontextentity: code => addText(String.fromCodePoint(code)),
      onopentagname: (from, to) => {
        name = html.slice(from, to).toLowerCase()
        attributes = new Map()
      },
      onattribname: (from, to) => {
        attribute = html.slice(from, to).toLowerCase()
        value = ''
      },
      onattribdata: (from, to) => {
        value += html.slice(from, to)
      },
      onattribentity: code => {
        value += String.fromCodePoint(code)
      },
      onattribend: () => {
        if (!attributes.has(attribute)) attributes.set(attribute, value.toWellFormed())
      },
      onopentagend: () => begin(false),
      onselfclosingtag: () => begin(false),
      onclosetag: (from, to) => end(html.slice(from, to).toLowerCase()),
      oncdata: () => undefined,
      oncomment: () => undefined,
      ondeclaration: () => undefined,
      onprocessinginstruction: () => undefined,
      onend: () => undefined,
    },
  )
  tokens.write(html)
  tokens.end()
  return root
}

/** The element itself and all below that pass, in the order of writing. */
export function* elementsOf(nodes: readonly HtmlNode[]): Generator<HtmlElement> {
  for (const node of nodes) {
    if (typeof node === 'string') continue
    yield node
    yield* elementsOf(node.children)
  }
}

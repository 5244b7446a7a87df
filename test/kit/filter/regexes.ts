/** Reads regular expressions out of source text and says which could take more than linear time: unbounded repetition inside of
 *  repetition, and two unbounded repetitions that may share what they match. */

/** The sources of all regular expression literals of a file, and of templates given to `new RegExp`. */
export function regexesIn(code: string): string[] {
  const found: string[] = []
  let before = ''
  for (let at = 0; at < code.length; ) {
    const two = code.slice(at, at + 2)
    const char = code[at] ?? ''
    if (two === '//' || two === '/*') {
      const end = two === '//' ? code.indexOf('\n', at) : code.indexOf('*/', at) + 2
      at = end < at ? code.length : end
    } else if (char === '"' || char === "'" || char === '`') {
      const end = endOfString(code, at)
      if (char === '`' && /RegExp\(\s*$/.test(code.slice(Math.max(0, at - 20), at)))
        found.push(fromTemplate(code.slice(at + 1, end - 1)))
      at = end
      before = '"'
    } else if (char === '/' && /[(,=:[!&|?{}>;\n]|^$|return$/.test(before)) {
      const end = endOfRegex(code, at)
      found.push(code.slice(at + 1, end))
      at = end + 1
      before = '/'
    } else {
      if (/\S/.test(char)) before = /\w/.test(char) && /\w$/.test(before) ? before + char : char
      at++
    }
  }
  return found
}

function endOfString(code: string, start: number): number {
  const quote = code[start]
  let at = start + 1
  for (; at < code.length && code[at] !== quote; at++) {
    if (code[at] === '\\') at++
    else if (quote === '`' && code.startsWith('${', at)) {
      for (let depth = 0; at < code.length; at++) {
        if (code[at] === '{') depth++
        if (code[at] === '`') at = endOfString(code, at) - 1
        if (code[at] === '}' && --depth === 0) break
      }
    }
  }
  return at + 1
}

function endOfRegex(code: string, start: number): number {
  let isClass = false
  for (let at = start + 1; at < code.length; at++) {
    if (code[at] === '\\') at++
    else if (code[at] === '[') isClass = true
    else if (code[at] === ']') isClass = false
    else if (code[at] === '/' && !isClass) return at
  }
  return code.length
}

/** What is put into a template is bounded where it is written; here it stands for one character of its own. */
const fromTemplate = (template: string): string =>
  template
    .replace(/\$\{[^}]*\}/g, '\u0001')
    .replace(/\\\\/g, '\\')
    .replace(/\\`/g, '`')

interface Node {
  /** Whether it may match a character; null where nothing is matched, as by an assertion. */
  takes: ((char: string) => boolean) | null
  isOptional: boolean
  isUnbounded: boolean
  hasUnbounded: boolean
}

const SAMPLES = [
  ...Array.from({ length: 127 }, (_, code) => String.fromCharCode(code)),
  'é',
  '中',
  'ß',
  '密',
  '│',
  '°',
]

/** What is wrong with an expression, or null. */
export function trouble(source: string): string | null {
  let at = 0
  let problem: string | null = null

  const alternatives = (): { nodes: Node[][] } => {
    const nodes: Node[][] = [[]]
    while (at < source.length && source[at] !== ')') {
      if (source[at] === '|') {
        nodes.push([])
        at++
      } else nodes.at(-1)?.push(quantified())
    }
    for (const sequence of nodes) checkSequence(sequence)
    return { nodes }
  }

  const atom = (): Node => {
    const plain = { isOptional: false, isUnbounded: false, hasUnbounded: false }
    const char = source[at] ?? ''
    if (char === '(') {
      const opening = /^\((?:\?(?:[:=!]|<[=!]|<[A-Za-z]+>))?/.exec(source.slice(at))?.[0] ?? '('
      at += opening.length
      const { nodes } = alternatives()
      at++
      const all = nodes.flat()
      const isLook = /[=!]$/.test(opening)
      return {
        takes: isLook ? null : c => all.some(node => node.takes?.(c)),
        isOptional:
          isLook || nodes.some(sequence => sequence.every(node => node.isOptional || node.takes === null)),
        isUnbounded: false,
        hasUnbounded: !isLook && all.some(node => node.isUnbounded || node.hasUnbounded),
      }
    }
    if (char === '[') {
      let depth = 0
      const start = at
      do {
        if (source[at] === '\\') at++
        else if (source[at] === '[' && (depth === 0 || /--\[$|&&\[$/.test(source.slice(0, at + 1)))) depth++
        else if (source[at] === ']') depth--
        at++
      } while (depth > 0 && at < source.length)
      return { ...plain, takes: takerOf(source.slice(start, at)) }
    }
    if (char === '^' || char === '$') {
      at++
      return { ...plain, takes: null, isOptional: true }
    }
    const piece =
      /^\\(?:[pP]\{[^}]*\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)|^./su.exec(source.slice(at))?.[0] ?? char
    at += piece.length
    if (piece === '\\b' || piece === '\\B') return { ...plain, takes: null, isOptional: true }
    if (/^\\[1-9]$/.test(piece)) return { ...plain, takes: () => true }
    return { ...plain, takes: takerOf(piece) }
  }

  const quantified = (): Node => {
    const node = atom()
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(source.slice(at))?.[0]
    if (quantifier === undefined) return node
    at += quantifier.length
    const isUnbounded = /^[*+]|,\}/.test(quantifier)
    const isOptional = node.isOptional || /^[*?]|^\{0[,}]/.test(quantifier)
    if (isUnbounded && (node.hasUnbounded || hasChoice(node))) problem ??= 'repetition of what is repeated'
    if (node.hasUnbounded && !/^\?|^\{1\}/.test(quantifier))
      problem ??= 'repetition of what is repeated without end'
    return { ...node, isOptional, isUnbounded, hasUnbounded: node.hasUnbounded || isUnbounded }
  }

  /** A group that is repeated without end must not hold a repetition at all: told by its text. */
  const hasChoice = (_: Node): boolean => {
    const text = source.slice(0, at).replace(/(?:[*+?]|\{\d+(?:,\d*)?\})\??$/, '')
    if (!text.endsWith(')') || text.endsWith('\\)')) return false
    let depth = 0
    let begin = text.length - 1
    for (; begin >= 0; begin--) {
      if (text[begin - 1] === '\\') continue
      if (text[begin] === ')') depth++
      if (text[begin] === '(' && --depth === 0) break
    }
    return /[^\\][*+]|\{\d+,/.test(text.slice(begin))
  }

  const checkSequence = (nodes: readonly Node[]): void => {
    for (const [index, first] of nodes.entries()) {
      if (!first.isUnbounded) continue
      for (let next = index + 1; next < nodes.length; next++) {
        const second = nodes[next]
        if (!second) break
        const shares = SAMPLES.some(char => first.takes?.(char) && second.takes?.(char))
        if (second.isUnbounded && shares) problem ??= 'two repetitions that share characters'
        if (!second.isOptional && !shares && second.takes !== null) break
      }
    }
  }

  alternatives()
  return problem
}

/** Whether a character is of a class or is the character. Expressions use the `v` flag where they subtract. */
function takerOf(piece: string): (char: string) => boolean {
  if (piece === '.') return char => !/[\r\n]/.test(char)
  for (const flags of ['', 'u', 'v'])
    try {
      const one = new RegExp(`^${piece}$`, /\\p|--/.test(piece) && flags === '' ? 'v' : flags)
      return char => one.test(char)
    } catch {
      // Another flag reads it.
    }
  return () => true
}

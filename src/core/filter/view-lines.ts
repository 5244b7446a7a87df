/** Views in which lines are joined that a terminal, a box, a quotation or a backslash broke. */
import { atOrBefore, type Edit, edited, type Kind, rangeIn, type View } from './view.ts'

const AFTER_JOINED: readonly Kind[] = ['decoded']

/** What terminals, mail programs and shells put at the end of a line, looked at backwards, and at the beginning of the next. */
const LINE_END = /[ \t\r│|\\"']/
const LINE_BEGIN = /[ \t]{0,120}(?:[│|>+][ \t]{0,40})?["']?/y
const RUN = /[A-Za-z0-9+/=_.~:@%-]/
/** Longer runs before a break are taken from here on. */
const MAX_RUN_LENGTH = 200
const FIRST_RUN = /[A-Za-z0-9+/=_.~:@%-]{1,200}/y
/** A word, or a name that is assigned something: the line begins anew. */
const NEW_BEGINNING = /^(?:[A-Za-z]?[a-z]{0,13}[.:]?$|[A-Za-z_]\w{0,60}[:=])/
/** Glued runs shorter than this, or without a digit, are words. */
const MIN_GLUED_LENGTH = 18
/** Lines shorter than this were not broken by the width of a terminal. */
const MIN_LINE_LENGTH = 38
/** The rest of a value, and nothing else. */
const REST = /^[A-Za-z0-9+/_.-]{1,8000}={0,2}$/

/** Where the parts of a value may belong together. @param seams - offsets at which another text begins: nothing is joined there */
function jointsIn(text: string, seams: ReadonlySet<number>): Edit[] {
  const joints: Edit[] = []
  let before = -1
  for (let line = text.indexOf('\n'); line >= 0; before = line, line = text.indexOf('\n', line + 1)) {
    if (seams.has(line + 1)) continue
    let start = line
    while (start > 0 && line - start < 84 && LINE_END.test(text[start - 1] ?? '')) start--
    let runStart = start
    while (runStart > 0 && start - runStart < MAX_RUN_LENGTH && RUN.test(text[runStart - 1] ?? '')) runStart--
    if (runStart === start) continue
    LINE_BEGIN.lastIndex = line + 1
    LINE_BEGIN.test(text)
    const end = LINE_BEGIN.lastIndex
    FIRST_RUN.lastIndex = end
    const first = FIRST_RUN.exec(text)?.[0]
    if (first === undefined || NEW_BEGINNING.test(first)) continue
    const isBroken = line - before > MIN_LINE_LENGTH || text.slice(start, line).includes('\\')
    const glued = text.slice(runStart, start) + first
    if (glued.length < MIN_GLUED_LENGTH || !/\d/.test(glued)) continue
    if (!isBroken && !/\d/.test(first)) continue
    joints.push({ start, end, text: '', isBroken })
  }
  return joints
}

/** Lines joined where a run without spaces may go on: those that are certainly broken, and, where there are others, all. Only what
 *  lies across a joint is the view's to find. */
export function joined(text: string, seams: ReadonlySet<number>): (View | null)[] {
  const joints = jointsIn(text, seams)
  const broken = joints.filter(({ isBroken }) => isBroken === true)
  return [joinedAt(text, broken), broken.length < joints.length ? joinedAt(text, joints) : null]
}

function joinedAt(text: string, joints: readonly Edit[]): View | null {
  if (joints.length === 0) return null
  const { view, pieces } = edited(text, joints)
  return {
    text: view,
    isWhole: false,
    next: AFTER_JOINED,
    back: (start, end) => {
      const range = rangeIn(pieces, start, end)
      const last = atOrBefore(pieces, end - 1)
      if (!range || !last?.after || last.viewAt <= start) return null
      const rest = view.slice(last.viewAt, end)
      const isAlone = /^["'`)\]},;]{0,3}[ \t]*(?:[│|\\][ \t]*)?\r?(?:\n|$)/.test(
        text.slice(range.end, range.end + 60),
      )
      const isCertain =
        last.after.isBroken === true && REST.test(rest) && (isAlone || (rest.length >= 8 && /\d/.test(rest)))
      return { ...range, isCertain }
    },
  }
}

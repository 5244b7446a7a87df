/** The title of an activity row holds the question behind a few words in the owner's language: which words are they,
 *  and is it a question at all? */

/** What stands before a question. English and German exports were seen; in other languages the stems below help. */
const PREFIXES: readonly string[] = [
  'You sent a prompt',
  'Sent a prompt',
  'Prompted with',
  'Prompted',
  'Live Prompt',
  'Live-Prompt',
  'Asked Gemini',
  'Asked Bard',
  'Asked',
  'Said',
  'Branched',
  'Answered',
  'Eingegebener Prompt',
  'Prompt',
]

/** Words for a prompt, in parts: a short label with one of them and a colon behind it is a prefix. */
const STEMS =
  /prompt|poziv|pytanie|zapytanie|polecenie|dotaz|výzva|petici|solicitud|indicaci|instrucci|pergunta|solicita|comando|requête|invite|demande|richiesta|istem|komut|sorgu|kérés|întrebare|solicitare|запрос|промпт|запит|въпрос|ερώτημα|προτροπή|הנחיה|شاهد|مطالبة|طلب|प्रॉम्प्ट|พรอมต์|câu lệnh|lời nhắc|perintah|プロンプト|メッセージ|質問|질문|메시지|프롬프트|提示|輸入|输入|kehote|fråga|spørsmål|vraag/i

/** What the owner did besides asking. */
const DEEDS =
  /^(?:Used|Gave|Created|Selected|Added|Shared|Deleted|Viewed|Visited|Edited|Pinned|Renamed|Exported|Updated|Searched|Opened|Downloaded|Listened)\b/

const SPACE = '[\\s\\u00a0\\u202f]'
/** A colon with blanks around it, or blanks alone. A colon without one behind it belongs to what was asked. */
const GAP = new RegExp(`^(?:${SPACE}?(?::(?=${SPACE}|$)|：)${SPACE}*|${SPACE}+)`)
const LABEL = new RegExp(`^([^:：\\n]{1,60}?)${SPACE}?(?::(?=${SPACE}|$)|：)${SPACE}*`)
const NARROW_LABEL = /^([^\n\u00a0]{1,60})\u00a0/

export type Prompt =
  | { readonly kind: 'asked'; readonly text: string }
  /** Something that was done; `text` says what, as the export puts it. */
  | { readonly kind: 'done'; readonly text: string }
  /** Words of which it cannot be told. */
  | { readonly kind: 'unclear'; readonly text: string }

/** What a title says. */
export function promptOf(title: string): Prompt {
  const trimmed = title.replace(/^[\s\u00a0]+/, '')
  for (const prefix of PREFIXES) {
    if (!trimmed.startsWith(prefix)) continue
    const rest = trimmed.slice(prefix.length)
    if (rest === '') return { kind: 'asked', text: '' }
    const gap = GAP.exec(rest)
    if (gap !== null) return { kind: 'asked', text: rest.slice(gap[0].length).trim() }
  }
  if (DEEDS.test(trimmed)) return { kind: 'done', text: trimmed.trim() }
  const label = LABEL.exec(trimmed)
  if (label !== null && STEMS.test(label[1] ?? ''))
    return { kind: 'asked', text: trimmed.slice(label[0].length).trim() }
  const narrow = NARROW_LABEL.exec(trimmed)
  const words = narrow?.[1]?.trim() ?? ''
  const rest = narrow === null ? '' : trimmed.slice(narrow[0].length).trim()
  if (STEMS.test(words) && words.split(/\s+/).length <= 5 && rest !== '') return { kind: 'asked', text: rest }
  return { kind: 'unclear', text: trimmed.trim() }
}

/** Whether words only say that the product was used: its name, and hardly more. */
export function isMarker(text: string, products: readonly string[]): boolean {
  for (const product of products) {
    const at = product === '' ? -1 : text.indexOf(product)
    if (at < 0) continue
    const rest = `${text.slice(0, at)} ${text.slice(at + product.length)}`.trim()
    if (rest.length <= 30 && rest.split(/\s+/).length <= 3) return true
  }
  return false
}

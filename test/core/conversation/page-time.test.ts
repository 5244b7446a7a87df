/** Times of activity pages: read in whatever language they are written, or not at all, and never wrong. */
import fc from 'fast-check'
import t from 'tap'
import { isTimeLine, timeOfLine } from '../../../src/core/conversation/page-time.ts'

const LOCALES =
  'en-US en-GB en-IN de fr fr-CA es es-MX it pt-BR pt-PT nl pl cs sk sl hr sr bg ru uk ro hu tr el sv da nb fi et lv lt id ms vi ca he ar fa hi bn ta th fil sw ja ko zh-CN zh-TW mr'.split(
    ' ',
  )
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Los_Angeles',
  'Asia/Kolkata',
  'Asia/Tokyo',
]

t.test('what any language writes is read right or not at all, and is known as a time', async t => {
  const unread = new Map<string, number>()
  for (const locale of LOCALES)
    for (const timeZone of ZONES) {
      const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', timeZone })
      for (let month = 0; month < 12; month++)
        for (const [day, hour] of [
          [3, 9],
          [17, 21],
          [28, 0],
        ] as const) {
          const ms = Date.UTC(2026, month, day, hour, 34, 47)
          const line = format.format(ms)
          const read = timeOfLine(line)
          if (read === null) unread.set(locale, (unread.get(locale) ?? 0) + 1)
          else if (read !== ms) t.fail(`${locale}: ${line} is read as ${new Date(read).toISOString()}`)
          if (!isTimeLine(line)) t.fail(`${locale}: ${line} is not known as a time`)
        }
    }
  for (const locale of [
    'en-US',
    'en-GB',
    'de',
    'es',
    'it',
    'pt-BR',
    'nl',
    'ru',
    'tr',
    'sv',
    'ja',
    'ko',
    'zh-CN',
    'hi',
  ])
    t.equal(unread.get(locale) ?? 0, 0, locale)
})

t.test('any line gives a time or none, quickly', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), text => {
      const ms = timeOfLine(text)
      return typeof isTimeLine(text) === 'boolean' && (ms === null || Number.isSafeInteger(ms))
    }),
  )
})

/** Tables on narrow terminals: what one copies from them is still there. */
import t from 'tap'
import { table } from '../../src/commands/text/table.ts'
import { widthOf } from '../../src/commands/text/width.ts'

const DID = 'did:key:z6MkrgMt6eDzrz5N9st4vRjnZizASBMKuQ2EFBPaWTdWooyN'
const WHEN = 'in 14 days'

t.test('on 80 columns a row fits, and who it is from can be told and copied', t => {
  const text = table(
    ['share', 'state', 'from', 'received', 'expires', 'title'],
    [['pya3vi676p', 'held', `${DID} (stranger)`, WHEN, WHEN, 'Rain barrels for the allotment']],
    80,
  )
  for (const line of text.split('\n')) t.ok(widthOf(line) <= 80)
  t.match(text, 'pya3vi676p')
  t.match(text, /did:key:z6Mkr/)
  t.match(text, 'in 14 days')
  t.match(text, 'Rain barrels')
  t.end()
})

t.test('only what is too wide is cut, and nothing where there is room', t => {
  const rows = [['alice', 'known', '1 second ago (2026-11-26 00:56)', DID]]
  const narrow = table(['name', 'state', 'last seen', 'did'], rows, 80)
  t.match(narrow, /alice {2}known {2}1 second ago/)
  t.match(narrow, DID.slice(0, 24))
  t.match(table(['name', 'state', 'last seen', 'did'], rows, 200), DID)
  t.match(table(['a', 'b'], [['x'.repeat(50), 'y'.repeat(50)]], 5), /x{7}… {2}y{7}…/, 'never below eight')
  t.end()
})

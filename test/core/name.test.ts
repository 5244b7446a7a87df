import t from 'tap'
import { Selector } from '../../src/core/contract/shapes.ts'
import { DisplayName, GivenName } from '../../src/core/model/name.ts'

t.test('a name spelt with composed and one with decomposed letters are one name', async t => {
  t.equal(GivenName.parse('Rene\u0301'), 'Ren\u00e9')
  t.equal(Selector.parse('Rene\u0301'), GivenName.parse('Ren\u00e9'))
})

t.test('what looks like another name and is none is refused', async t => {
  const hidden = {
    'a space at the front': ' bob',
    'a space at the end': 'bob ',
    'two spaces': 'bob  b',
    'a space that does not break': 'bob\u00a0b',
    'an ideographic space': 'bob\u3000b',
    'a line end': 'bob\nb',
    'a tab': 'bob\tb',
    'no width': 'bo\u200bb',
    'a joiner between letters that do not join': 'bo\u200db',
    'a soft hyphen': 'bo\u00adb',
    'a mark of direction': 'bo\u202eb',
    'a byte order mark': 'bob\ufeff',
    'a Hangul filler': 'bob\u3164',
    'an empty Braille cell': 'bob\u2800',
    'a grapheme joiner': 'bob\u034f',
    'a selector of a variant': 'bob\ufe00',
    'a private character': 'bob\ue000',
    'the beginning of a DID': 'did:key:z6Mk',
  }
  for (const [what, name] of Object.entries(hidden)) t.equal(GivenName.safeParse(name).success, false, what)
})

t.test('half a character becomes a mark, as everywhere', async t => {
  t.equal(GivenName.parse('bob\ud800'), 'bob\ufffd')
})

t.test('names in any script are names, with the joiners and emoji that belong to them', async t => {
  for (const name of [
    'bob',
    'Bob B.',
    'Žofie',
    '李小龍',
    'שלום',
    'कृष्\u200dण',
    'می\u200cخواهم',
    '👩‍🌾 Ann',
    '☂\ufe0f',
    '1\ufe0f\u20e3',
  ])
    t.equal(GivenName.parse(name), name)
})

t.test('a name has a length, which is told with the reason', async t => {
  t.match(GivenName.safeParse('').error?.issues, [{ message: 'is empty' }])
  t.match(GivenName.safeParse('x'.repeat(101)).error?.issues, [{ message: 'has over 100 characters' }])
  t.match(DisplayName.safeParse('x'.repeat(65)).error?.issues, [{ message: 'has over 64 characters' }])
})

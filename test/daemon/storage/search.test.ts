/** What a search finds, in which order, and how it is shown. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { conversationId } from '../../../src/core/conversation/conversation-id.ts'
import type { ImportedConversation, Part, Role } from '../../../src/core/model/conversation.ts'
import { ShareId } from '../../../src/core/model/id.ts'
import { makeConversationStore } from '../../../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../../../src/daemon/storage/user/manager.ts'
import { migrateUserDatabase } from '../../../src/daemon/storage/user/migrations.ts'
import { faultsOf } from './integrity.ts'
import { conversation, didOf, folderOf, message, talk } from './people.ts'

const alice = didOf(1)

function open(test: { teardown(fn: () => void): void }) {
  const users = openUserDatabases(folderOf(test), { maxOpen: 2 })
  test.teardown(() => users.close())
  users.create(alice)
  const store = makeConversationStore(users)
  const sourceOf = new Map<string, string>()
  const add = (...batch: ImportedConversation[]) => {
    for (const { provider, sourceId } of batch) sourceOf.set(conversationId(provider, sourceId), sourceId)
    return store.importConversations(alice, batch)
  }
  const hits = (query: string, limit = 20) => store.search(alice, query, limit).hits
  /** `conversation/message` of each hit, best first. */
  const found = (query: string, limit = 20) =>
    hits(query, limit).map(
      hit => `${sourceOf.get(hit.conversationId) ?? hit.conversationId}/${hit.messageId}`,
    )
  const conversations = (query: string) => [...new Set(found(query).map(name => name.split('/')[0]))]
  return { users, store, add, hits, found, conversations }
}

/** A conversation of messages of given roles. */
const said = (sourceId: string, lines: [Role, string][], more: Partial<ImportedConversation> = {}) =>
  conversation(
    sourceId,
    lines.map(([role, text], i) => message(`m${i}`, i === 0 ? null : `m${i - 1}`, text, { role })),
    more,
  )

const withPart = (sourceId: string, part: Part, role: Role = 'assistant') =>
  conversation(sourceId, [message('m0', null, '', { role, parts: [part] })])

t.test('a search narrows by who spoke, where it came from, and when', async t => {
  const { add, found, store } = open(t)
  const dated = (sourceId: string, time: string, provider = 'chatgpt') => ({
    ...conversation(sourceId, [message('m0', null, 'the kettle sings', { createdAtMs: Date.parse(time) })], {
      createdAtMs: Date.parse(time),
      updatedAtMs: Date.parse(time),
      title: null,
    }),
    provider,
  })
  add(
    dated('old', '2023-12-31T23:59:59Z'),
    dated('mid', '2024-06-15T12:00:00Z', 'claude.ai'),
    dated('new', '2025-03-01T00:00:00Z', 'claude-code'),
    said(
      'roles',
      [
        ['user', 'is the pot hot'],
        ['assistant', 'the pot is hot'],
        ['tool', 'pot: hot'],
      ],
      { title: null },
    ),
    conversation('undated', [message('m0', null, 'the kettle waits', { createdAtMs: null })], {
      createdAtMs: null,
      updatedAtMs: null,
      title: null,
    }),
  )
  t.same(found('role:user pot'), ['roles/m0'])
  t.same(found('pot role:assistant'), ['roles/m1'])
  t.same(found('role:tool pot '), ['roles/m2'])
  t.same(found('pot -role:tool -role:user'), ['roles/m1'])
  t.same(found('provider:claude.ai kettle'), ['mid/m0'])
  t.same(found('provider:Claude kettle'), ['new/m0', 'mid/m0'])
  t.same(found('kettle -provider:claude sings'), ['old/m0'])
  t.same(found('kettle before:2024'), ['old/m0'])
  t.same(found('kettle after:2024 before:2025'), ['mid/m0'])
  t.same(found('kettle after:2024-06-15'), ['new/m0', 'mid/m0'])
  t.same(found('kettle after:2024-06-15T12:01Z'), ['new/m0'])
  t.same(found('kettle before:2025-03-01'), ['mid/m0', 'old/m0'])
  t.same(
    found('kettle'),
    ['new/m0', 'mid/m0', 'old/m0', 'undated/m0'],
    'newest first where all else is equal',
  )
  t.same(found('provider:claude'), ['new/m0', 'mid/m0'], 'filters alone are a question too')
  t.same(
    store
      .list(alice, { limit: 9, query: 'kettle provider:claude before:2025' })
      .conversations.map(one => one.id),
    [conversationId('claude.ai', 'mid')],
  )
  for (const [wrong, allowed] of [
    ['role:robot x', 'user, assistant, system, tool'],
    ['provider:nobody x', 'chatgpt, claude-code, claude.ai'],
    ['before:yesterday x', '2025-03-15'],
    ['after:2025-02-30 x', '2025-03-15'],
  ] as const)
    t.throws(
      () => found(wrong),
      { code: 'query/invalid', message: new RegExp(allowed.replaceAll('.', '\\.')) },
      wrong,
    )
  t.same(found('kettle: sings'), ['new/m0', 'mid/m0', 'old/m0'], 'what is no filter is text')
  t.same(found('role: kettle'), [], 'and so is a filter without a value')
})

t.test('words, phrases, beginnings, exclusions and alternatives', async t => {
  const { add, found } = open(t)
  add(
    talk('a', ['green tea from Uji'], { title: null }),
    talk('b', ['black tea from Assam'], { title: null }),
    talk('c', ['coffee from Sidamo, no tea'], { title: null }),
  )
  t.same(found('tea -black').sort(), ['a/m0', 'c/m0'])
  t.same(found('tea -"green tea" -coffee'), ['b/m0'])
  t.same(found('green OR black tea').sort(), ['a/m0', 'b/m0'])
  t.same(found('uji OR assam OR sidamo').length, 3)
  t.same(found('"tea from"').sort(), ['a/m0', 'b/m0'])
  t.same(found('"tea fro'), [], 'a phrase is of whole words, closed or not')
  t.same(found('ass'), ['b/m0'])
  t.same(found('ass '), [], 'a space says that the word is whole')
  t.same(found('ass* tea'), ['b/m0'])
  t.same(found('-black'), found('-black '), 'an exclusion alone leaves the rest')
  t.same(found('OR tea').length, 0)
  t.same(found('tea OR').length, 0)
})

t.test('code: looks in code blocks only, wherever they stand', async t => {
  const { add, found, hits } = open(t)
  add(
    talk('fenced', ['Call it so:\n```ts\nuseEffect(() => {})\n```\nand no more.'], { title: null }),
    talk('prose', ['What does useEffect do?'], { title: 'useEffect' }),
    withPart('part', { type: 'code', text: 'useEffect(refresh)\n```\nnested', lang: 'tsx' }),
    talk('open', ['~~~\nuseEffect(unfinished)'], { title: null }),
    talk('quoted', ['> ```js\n> useEffect(quoted)\n> ```\nafter'], { title: null }),
  )
  t.same(
    found('code:useEffect')
      .map(name => name.split('/')[0])
      .sort(),
    ['fenced', 'open', 'part', 'quoted'],
  )
  t.same(found('code:tsx'), ['part/m0'], 'the language stands with the code')
  t.same(found('code:more'), [])
  t.same(found('code:after'), [])
  t.same(found('code:"effect'), [])
  t.same(found('code:nested'), ['part/m0'])
  t.match(hits('code:refresh')[0]?.snippet, '«refresh»')
  t.same(found('useeffect -code:useeffect'), ['prose/m0'])
})

t.test('what tools answered, thoughts and attachments are found, after everything said', async t => {
  const { add, found, hits } = open(t)
  add(
    withPart(
      'tool',
      { type: 'toolResult', callId: null, output: 'Error: ECONNZEBRA at line 9', isError: true },
      'tool',
    ),
    withPart('call', { type: 'toolCall', callId: null, name: 'grep', input: '{"pattern":"econnzebra"}' }),
    withPart('thought', { type: 'thinking', text: 'maybe econnzebra', summary: null, opaque: false }),
    talk('answer', ['nothing', 'That is econnzebra'], { title: null }),
    talk('question', ['Why econnzebra?'], { title: null }),
  )
  t.same(found('econnzebra').slice(0, 2), ['question/m0', 'answer/m1'])
  t.equal(found('econnzebra').length, 5)
  t.match(hits('"at line 9"')[0]?.snippet, 'Error: ECONNZEBRA «at line 9»')
})

t.test('the conversation that is about something stands before those that mention it', async t => {
  const { add, conversations } = open(t)
  const filler = (n: number) =>
    Array.from({ length: n }, (_, i) => `word${(i * 7919) % 997} lorem${(i * 31) % 89}`).join(' ')
  const topics = [
    'sourdough',
    'glacier',
    'kubernetes',
    'saxophone',
    'origami',
    'volcano',
    'beekeeping',
    'chess',
  ]
  const later = { createdAtMs: 1_770_000_000_000, updatedAtMs: 1_770_000_000_000 }
  for (const [at, topic] of topics.entries()) {
    add(
      at % 2 === 0
        ? talk(`about-${topic}`, [`How do I begin?`, filler(30), `And then?`, `${topic} ${filler(60)}`], {
            title: `All about ${topic}`,
          })
        : talk(
            `about-${topic}`,
            [
              `How does ${topic} work?`,
              `Well, ${topic}: ${filler(40)}`,
              `What else of ${topic}?`,
              filler(20),
            ],
            { title: 'New chat' },
          ),
    )
    for (let i = 0; i < 12; i++)
      add(
        said(
          `mention-${topic}-${i}`,
          [
            ['user', `Tell me about word${i}`],
            ['assistant', `${filler(80)} ${topic} ${filler(80)}`],
            ['tool', `${filler(10)} ${topic} ${topic} ${topic}`],
            ['assistant', filler(50)],
          ],
          { title: `Word ${i}`, ...later },
        ),
      )
    // A long answer that somebody pasted, full of it.
    add(
      said(
        `paste-${topic}`,
        [
          ['user', 'Thanks'],
          ['tool', `${filler(2000)} ${`${topic} `.repeat(60)} ${filler(3000)}`],
        ],
        {
          title: 'Paste',
          ...later,
        },
      ),
    )
  }
  for (const topic of topics) {
    t.equal(conversations(topic)[0], `about-${topic}`, topic)
    t.not(conversations(topic).indexOf(`paste-${topic}`), 1, `length does not win for ${topic}`)
  }
})

t.test('one conversation does not fill the page while others answer as well', async t => {
  const { add, found } = open(t)
  add(
    talk(
      'long',
      Array.from({ length: 40 }, (_, i) => `walnut ${i}`),
      { title: 'walnut' },
    ),
  )
  for (let i = 0; i < 5; i++) add(talk(`other${i}`, [`a word on walnut ${i}`, 'fine'], { title: null }))
  const first = found('walnut', 10)
    .slice(0, 8)
    .map(name => name.split('/')[0])
  t.equal(new Set(first).size, 6, 'every conversation is among the first')
  t.equal(found('walnut', 200).length, 45, 'and nothing is lost')
})

t.test('scripts of the world are found as their readers type them', async t => {
  const { add, found, hits } = open(t)
  const texts = {
    japanese: '昨日、Reactで全文検索エンジンを作りました。カタカナもﾊﾝｶｸも。',
    chinese: '我们在北京讨论了分布式系统的一致性问题',
    korean: '오늘은 한국어전문검색을 시험했습니다',
    thai: 'วันนี้ฉันกินข้าวผัดที่ร้านอาหาร',
    khmer: 'ខ្ញុំចង់រៀនភាសាខ្មែរ',
    hindi: 'मुझे हिन्दी में लिखना पसंद है',
    arabic: 'كَتَبَ الطَّالِبُ الرِّسَالَةَ إلى أحمد',
    hebrew: 'שָׁלוֹם עולם, זה מבחן',
    german: 'Die Datenbankverwaltung läuft über Straßenzüge',
    french: 'De\u0301ja\u0300 vu, cœur brisé',
    greek: 'Η γρήγορη αλεπού',
    cyrillic: 'Ёжик в тумане',
    vietnamese: 'Tiếng Việt rất đẹp',
    emoji: 'Ship it 🚀🎉 now 👩‍💻 🇩🇪',
    wide: 'ＦＵＬＬＷＩＤＴＨ text',
  }
  for (const [name, text] of Object.entries(texts)) add(talk(name, [text], { title: null }))
  const finds = (name: keyof typeof texts, ...queries: string[]) => {
    for (const query of queries) t.same(found(query), [`${name}/m0`], `${name}: ${query}`)
  }
  finds(
    'japanese',
    '検索',
    '全文検索',
    'react',
    'Reactで',
    'エンジン',
    'カタカナ',
    'ハンカク',
    'ﾊﾝｶｸ',
    '作りました'.normalize('NFD'),
    '検索エンジンを',
  )
  finds('chinese', '北京', '一致性', '分布式系统')
  finds('korean', '검색', '한국어', '검색을', '전문검색', '시험'.normalize('NFD'))
  finds('thai', 'กินข้าว', 'ร้านอาหาร', 'ที่')
  t.same(found('กัน'), [], 'vowels count')
  finds('khmer', 'ភាសា')
  finds('hindi', 'हिन्दी', 'लिख')
  t.same(found('हन्द'), [], 'and are no letters to skip')
  finds('arabic', 'كتب', 'الطالب', 'الرسالة', 'احمد', 'كَتَبَ')
  finds('hebrew', 'שלום', 'מבחן')
  finds('german', 'datenbank', 'Daten', 'lauft', 'straßen')
  finds('french', 'déjà', 'deja', 'cœur', 'brise')
  finds('greek', 'αλεπού', 'αλεπου')
  finds('vietnamese', 'tieng viet', 'đẹp')
  finds('cyrillic', 'туман', 'ёжик', 'ежик')
  finds('emoji', '🚀', '🎉', '👩‍💻', '🇩🇪')
  t.same(found('🎂'), [])
  finds('wide', 'fullwidth')
  for (const [query, marked] of [
    ['全文検索', '«全文検索»'],
    ['검색', '«검색»'],
    ['datenbank', '«Datenbankverwaltung»'],
    ['deja', '«De\u0301ja\u0300»'],
    ['🚀', '«🚀»'],
    ['ร้านอาหาร', '«ร้านอาหาร»'],
  ] as const)
    t.match(hits(query)[0]?.snippet, marked, query)
})

t.test(
  'letters that other keyboards write otherwise, and what pages put into words, hide nothing',
  async t => {
    const { add, found, hits } = open(t)
    const texts: Record<string, [text: string, ...queries: string[]]> = {
      german: ['Die Straße nach Zürich', 'strasse', 'STRASSE', 'straße', 'stra'],
      polish: ['Łódź i Wrocław', 'lodz', 'wroclaw', 'łódź'],
      danish: ['Rødgrød på Ærø', 'rodgrod', 'aero', 'Ærø'],
      icelandic: ['Þórður í Hafnarfirði', 'thordur', 'þórður', 'hafnarfirdi'],
      french: ['un œuf dans le bœuf', 'oeuf', 'bœuf'],
      turkish: ['Iğdır ılık', 'igdir', 'ILIK'],
      hyphens: ['Donau\u00addampf\u00adschiff\u2060fahrt', 'donaudampfschifffahrt', 'donaudampf'],
      ligatures: ['the eﬃcient oﬀice ﬁle', 'efficient', 'office', '"office file"'],
      dressed: ['𝐁𝐞𝐬𝐭 𝓸𝓯𝓯𝓮𝓻', 'best offer'],
      persian: ['کتاب علی', 'كتاب', 'علي', 'کتاب علی'],
      arabic: ['مدرسة كبيرة', 'مدرسه', 'مدرسة'],
      joined: ['\ufe8d\ufedf\ufeb4\ufefc\ufe8d', 'السلاا'],
    }
    for (const [id, [text]] of Object.entries(texts)) add({ ...talk(id, [text]), title: null })
    for (const [id, [, ...queries]] of Object.entries(texts))
      for (const query of queries) {
        t.same(found(query), [`${id}/m0`], query)
        t.match(hits(query)[0]?.snippet, '«', query)
      }
  },
)

t.test('C, C++ and C# are three languages', async t => {
  const { add, conversations, hits } = open(t)
  add(
    talk('plain', ['programming in C is fun', 'page.html#part and C+17'], { title: null }),
    talk('plus', ['programming in C++, or c++; is fun'], { title: null }),
    talk('sharp', ['Programming in C# is fun'], { title: null }),
  )
  t.same(conversations('c++'), ['plus'])
  t.same(conversations('"in C#"'), ['sharp'])
  t.same(conversations('programming C ').sort(), ['plain', 'plus', 'sharp'])
  t.same(conversations('programming -C++ -C#'), ['plain'])
  t.same(conversations('"html part"'), ['plain'])
  t.match(hits('C++')[0]?.snippet, '«C»++')
})

t.test('a snippet is short, begins and ends at words, and marks every match it shows', async t => {
  const { add, hits } = open(t)
  const before = Array.from({ length: 400 }, (_, i) => `before${i}`).join(' ')
  add(
    talk('long', [`${before} the quick brown fox met another fox ${before}`], { title: null }),
    talk('word', [`x${'y'.repeat(5000)} plain`], { title: null }),
    talk('deep', [`${'padding '.repeat(9000)}needleword`], { title: null }),
  )
  const [hit] = hits('brown fox')
  t.match(hit?.snippet, 'the quick «brown» «fox» met another «fox»')
  t.match(hit?.snippet, /^…before\d+ /)
  t.match(hit?.snippet, / before\d+…$/)
  t.ok((hit?.snippet.length ?? 999) < 200)
  t.match(hits('"quick brown"')[0]?.snippet, '«quick brown»')
  t.ok((hits('xyy')[0]?.snippet.length ?? 999) < 200, 'a word without end is cut')
  t.match(hits('needleword')[0]?.snippet, '«needleword»')
})

t.test('hidden messages and what left with its share are not found by any filter', async t => {
  const { users, store, add, found } = open(t)
  add(conversation('a', [message('m', null, 'ghost', { role: 'system', hidden: true })], { title: null }))
  const share = ShareId.parse('a'.repeat(26))
  const parts = [{ type: 'text' as const, text: 'ghost of bob', format: 'md' as const }]
  users.write(alice, db =>
    db.conversations.putReceived(share, {
      title: null,
      createdAtMs: null,
      messages: [{ index: 1, role: 'user', createdAtMs: null, parts }],
    }),
  )
  t.same(found('ghost'), [`${share}/1`])
  t.same(found('role:system ghost'), [])
  t.same(found('provider:vivim role:user'), [`${share}/1`])
  await store.forget(alice, [share], () => undefined)
  for (const query of ['ghost', 'role:user', 'provider:chatgpt', '-nothing']) t.same(found(query), [], query)
})

t.test('hostile queries are answered or refused as queries', async t => {
  const { add, found } = open(t)
  for (const query of ['provider:chatgpt x', '-provider:chatgpt x', 'role:user', 'x', 'after:2020'])
    t.same(found(query), [], 'where nothing is, nothing is found')
  add(talk('a', ['water near the column text:code']))
  for (const query of [
    'NEAR(water column)',
    'NEAR("water" "near", 2)',
    '{text code}: water',
    'text:water',
    'facts:ruser',
    'facts:any',
    'rowid:1',
    'water NOT column',
    '^water',
    'water + column',
    '"'.repeat(1001),
    '""""',
    '-""',
    '-',
    '--',
    '---water',
    'code:',
    'code:""',
    'code:"',
    'code:*',
    '*',
    'w*',
    'OR OR OR',
    'water OR -column',
    'role:',
    'role:""',
    'before:',
    '-before:2025',
    'provider:""',
    'provider:*',
    'code:role:user',
    '\0',
    'wa\0ter',
    '\ud800',
    'water \udfff*',
    `${'x'.repeat(100_000)}`,
    `${'ab '.repeat(50_000)}`,
    `${'-a '.repeat(1_000)}`,
    `${'a OR '.repeat(1_000)}b`,
    '('.repeat(5_000),
    '\u0301',
    '\u200b\u200d',
    'ู',
    '𝒳 𐀀 ﷽ \u{10ffff}',
    'İstanbul ŉ ﬃ ß',
  ])
    t.doesNotThrow(
      () => {
        try {
          found(query)
        } catch (error) {
          if ((error as { code?: string }).code !== 'query/invalid') throw error
        }
      },
      query.slice(0, 30),
    )
  t.same(found('facts:ruser'), [], 'no column is reachable by name')
  t.same(found('pany'), [])
  t.same(found('ruser'), [])
})

t.test('a list of what answers is the same page by page as in one piece, of common words too', async t => {
  const { add, store } = open(t)
  const minute = (n: number) => 1_700_000_000_000 + n * 60_000
  const batch = Array.from({ length: 150 }, (_, c) => {
    // Every seventh began early and went on late; every fifth has nothing to say; the newest ones lack the word.
    const at = (m: number) => minute(c % 7 === 0 ? m * 500 + c : c * 100 + m)
    const word = c % 5 === 0 || c > 110 ? 'nothing' : 'kettle'
    const said = Array.from({ length: 20 }, (_, m) =>
      message(`m${m}`, m === 0 ? null : `m${m - 1}`, c % 7 === 0 && m > 1 ? 'quiet' : `${word} ${m}`, {
        createdAtMs: c % 11 === 0 ? null : at(m),
      }),
    )
    return conversation(`c${c}`, said, {
      title: c % 13 === 0 ? 'About a kettle' : null,
      createdAtMs: at(0),
      updatedAtMs: at(19),
    })
  })
  add(...batch)
  for (const query of [
    'kettle ',
    'kett*',
    'kettle OR quiet',
    '-nothing',
    'role:user kettle',
    'after:2023 kettle 7',
  ]) {
    const whole = store.list(alice, { query, limit: 1_000 }).conversations.map(({ id }) => id)
    const paged: string[] = []
    for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
      const page = store.list(alice, { query, limit: 4, ...(cursor === undefined ? {} : { cursor }) })
      paged.push(...page.conversations.map(({ id }) => id))
      cursor = page.next ?? undefined
    }
    t.ok(whole.length > 20, query)
    t.same(paged, whole, query)
  }
})

t.test('a database of the first version finds all of its messages after the upgrade', async t => {
  const folder = folderOf(t)
  const path = join(folder, alice.replaceAll(':', '_'), 'user.db')
  mkdirSync(join(path, '..'), { recursive: true })
  const first = new Database(path)
  migrateUserDatabase(first, alice, 1)
  first.exec(`
    INSERT INTO conversation VALUES (1, '${'a'.repeat(26)}', 'own', 'claude.ai', 's', 'Old title', NULL, 1700000000000, NULL, 1700000000000, NULL, '{}', 4, 9, NULL);
    INSERT INTO message (seq, conversation, id, parent, ordinal, role, created_at_ms, branch, hidden, parts, text, content_hash) VALUES
      (1, 1, 'a', NULL, 0, 'user', 1600000000000, 'main', 0, '[{"type":"text","text":"한국어검색 first","format":"md"}]', '한국어검색 first', x'00'),
      (2, 1, 'b', 'a', 1, 'assistant', NULL, 'main', 0, '[{"type":"toolResult","callId":null,"output":"quokka","isError":false}]', '', x'00'),
      (3, 1, 'c', 'b', 2, 'system', NULL, 'main', 1, '[{"type":"text","text":"hidden first","format":"md"}]', 'hidden first', x'00'),
      (4, 1, 'd', 'c', 3, 'user', 1600000000000, 'main', 0, '[{"type":"text","text":"first again","format":"md"}]', 'first again', x'00');
    INSERT INTO message_fts (rowid, text) VALUES (1, '한국어검색 first'), (4, 'first again');
    INSERT INTO title_fts (rowid, title) VALUES (1, 'Old title');`)
  first.close()
  const users = openUserDatabases(folder, { maxOpen: 2 })
  const store = makeConversationStore(users)
  const ids = (query: string) => store.search(alice, query, 20).hits.map(hit => hit.messageId)
  t.same(ids('first'), ['d', 'a'])
  t.same(ids('검색'), ['a'])
  t.same(ids('quokka'), ['b'])
  t.same(ids('old titl'), ['a'])
  t.same(ids('first provider:claude.ai before:2021'), ['d', 'a'])
  t.same(ids('quokka before:2021'), [], 'a message without a time has the one of its conversation')
  await store.delete(alice, 'aaaa')
  t.same(ids('first'), [])
  users.close()
  t.same(faultsOf(path), [])
})

t.test('index and tables agree after imports in any order, updates and deletions', async t => {
  const { users, store, add } = open(t)
  const more = (text: string): Part[] => [
    { type: 'text', text, format: 'md' },
    { type: 'toolResult', callId: null, output: `${text} \ud800 broken`, isError: false },
  ]
  for (let i = 0; i < 6; i++) {
    const at = (n: number) => ({ createdAtMs: 1_700_000_000_000 - i * 60_000 * n })
    add(
      conversation('same', [
        message('a', null, `alpha ${i}`, { ...at(1), parts: more(`alpha ${'long '.repeat(i)}`) }),
        message(`b${i}`, 'a', '```js\nbeta()\n```', at(50)),
        message('c', 'a', `gamma ${i}`, { createdAtMs: null, hidden: i === 4 }),
      ]),
      talk(`other${i}`, ['delta', 'מִלָּה 検索 🚀'], { title: `Δέλτα ${i}` }),
      conversation('same', [
        message('a', null, 'alpha once more and longer than before '.repeat(i + 1), at(3)),
      ]),
    )
  }
  await store.delete(alice, conversationId('chatgpt', 'other3'))
  const path = join(users.folder(alice), 'user.db')
  users.close()
  t.same(faultsOf(path), [])
})

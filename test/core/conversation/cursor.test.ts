/** The transcripts of Cursor's CLI; its store is read in the daemon's tests, from real databases. */
import t from 'tap'
import { messageText } from '../../../src/core/model/conversation.ts'
import { fixture, read } from './kit.ts'

t.test('a transcript: the query is the message, what stands beside it is hidden', async t => {
  const { conversations } = await read(fixture('cursor/transcript.jsonl'))
  const [one] = conversations
  t.equal(conversations.length, 1)
  t.equal(one?.title, 'Rename foo to bar')
  t.same(
    one?.messages.map(({ role, hidden, parts }) => [role, hidden, messageText(parts)]),
    [
      ['system', true, '<open_files>\n/home/dev/a.ts\n</open_files>'],
      ['user', false, 'Rename foo to bar'],
      ['assistant', false, 'Renaming.'],
      ['assistant', false, 'Done.'],
    ],
  )
  t.match(one?.messages[2]?.parts[1], { type: 'toolCall', name: 'edit_file', input: '{"path":"a.ts"}' })
})

t.test('a transcript that grows stays the conversation it was', async t => {
  const lines = fixture('cursor/transcript.jsonl').toString().trim().split('\n')
  const [two, three] = [await read(lines.slice(0, 2).join('\n')), await read(lines.join('\n'))]
  t.equal(two.conversations[0]?.sourceId, three.conversations[0]?.sourceId)
  t.same(
    two.conversations[0]?.messages.map(message => message.id),
    three.conversations[0]?.messages.slice(0, 3).map(message => message.id),
  )
})

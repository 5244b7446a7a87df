/** HTML of answers as Markdown: what has a meaning keeps it, what runs is gone, whatever is nested or left open. */
import fc from 'fast-check'
import t from 'tap'
import { htmlMarkdown } from '../../../src/core/conversation/html-markdown.ts'
import { parseHtml } from '../../../src/core/conversation/html-tree.ts'

const markdown = (html: string): string => htmlMarkdown(parseHtml(html)).text

t.test('elements of answers become their Markdown', async t => {
  for (const [html, text] of [
    ['plain  text\n on one line', 'plain text on one line'],
    ['<p>a</p><p>b<br>c</p>', 'a\n\nb\nc'],
    ['<h2>Head <b>x</b></h2><p>y</p>', '## Head **x**\n\ny'],
    ['<p>a<b> b </b>c <i></i><em>d</em></p>', 'a **b** c *d*'],
    ['<ul><li>a<li>b<ul><li>c</ul></ul>', '- a\n- b\n  - c'],
    ['<ol start="9"><li><p>a</p><p>b</p></li><li>c</li></ol>', '9. a\n\n   b\n10. c'],
    ['<blockquote><p>a</p><p>b</p></blockquote>', '> a\n>\n> b'],
    ['<p><code>a `b` &lt;c&gt;</code></p>', '``a `b` <c>``'],
    ['<pre><code class="language-py">x\n  y\n</code></pre>', '```py\nx\n  y\n```'],
    ['<pre>```</pre>', '````\n```\n````'],
    [
      '<table><tr><th>a|b</th><th>c</th></tr><tr><td>1</td></tr></table>',
      '| a\\|b | c |\n| --- | --- |\n| 1 |  |',
    ],
    ['<a href="https://x.example/">x</a> <a href="/y">y</a>', '[x](https://x.example/) y'],
    ['<a href="https://x.example/">https://x.example/</a>', 'https://x.example/'],
    ['<span><div>a</div></span><custom-tag>b</custom-tag>', 'a\n\nb'],
    ['5 &lt; 6 &amp;&amp; &lt;img src=x&gt; &#x1F600;', '5 < 6 && \\<img src=x> 😀'],
    ['a<hr>b', 'a\n\n---\n\nb'],
    [
      '<!-- x --><style>p{}</style><script>alert(1)</script><svg><text>z</text></svg><iframe src=x>i</iframe>ok',
      'ok',
    ],
    ['<p>a</b></i></p></div>b', 'a\n\nb'],
    ['<P>UPPER', 'UPPER'],
    ['<b', ''],
    ['', ''],
  ] as const)
    t.equal(markdown(html), text, html)
})

t.test('images come beside the text, in order', async t => {
  const { text, images } = htmlMarkdown(
    parseHtml('<p>a<img src="1.png" alt="one"></p><image src="2.png"><img>'),
  )
  t.equal(text, 'a')
  t.same(images, [
    { src: '1.png', alt: 'one' },
    { src: '2.png', alt: null },
  ])
})

t.test('a link or an image of a script is no link', async t => {
  for (const url of [
    'javascript:x()',
    ' javascript:x()',
    'JAVASCRIPT:x',
    'data:text/html,x',
    'vbscript:x',
    '//x',
  ])
    t.equal(markdown(`<a href="${url}">x</a>`), 'x', url)
})

t.test('what is nested without end is read to its end', async t => {
  for (const tag of [
    'b',
    'ul><li',
    'blockquote',
    'div',
    'table><tr><td',
    'span',
    'a href="https://x.example"',
  ])
    t.match(markdown(`${`<${tag}>`.repeat(20_000)}words`), /words/, tag)
})

/** Markdown without its code and without what a backslash makes plain (CommonMark 0.31, 2.4 and 6.1). */
function outsideCode(text: string): string {
  let out = ''
  for (let at = 0; at < text.length; ) {
    const ticks = /^`+/.exec(text.slice(at))?.[0]
    if (text[at] === '\\' && /[`<\\]/.test(text[at + 1] ?? '')) at += 2
    else if (ticks === undefined) out += text[at++]
    else {
      const end = [...text.slice(at + ticks.length).matchAll(/`+/g)].find(([run]) => run === ticks)
      at += ticks.length + (end === undefined ? 0 : end.index + ticks.length)
    }
  }
  return out
}

t.test('a code mark in words before code does not open that code', async t => {
  t.equal(markdown('`<code>&lt;script&gt;</code>'), '\\``<script>`')
})

t.test('any HTML at all becomes well-formed text without a tag that runs', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...'<p> </p> <b> </b> <ul> <li> </ul> <pre> <code> </pre> <table> <tr> <td> <a href="x"> <br>'.split(
        ' ',
      ),
    ),
    fc.constantFrom(
      '<script>',
      '</script>',
      '<img src=x onerror=y>',
      '&lt;script&gt;',
      '<!--',
      '-->',
      '`',
      '|',
      '\u0000',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
      const text = markdown(pieces.join(''))
      return text.isWellFormed() && !/<(?:script|img)\b/i.test(outsideCode(text))
    }),
    { numRuns: 500 },
  )
})

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HtmlText } from './html-text.ts';
import { countOctets } from './testing/count-octets.ts';

function inPieces(html: string, cuts: readonly number[]): string {
  const decoder = new HtmlText();
  let text = '';
  let from = 0;
  for (const cut of [...cuts, html.length]) {
    text += decoder.write(html.slice(from, cut));
    from = Math.max(from, cut);
  }
  return text + decoder.end();
}

/** Whole, cut once anywhere, and cut at every character. */
function textOf(html: string): string {
  const whole = inPieces(html, []);
  const everywhere = Array.from({ length: html.length }, (_, index) => index);
  for (const cut of everywhere) expect(inPieces(html, [cut])).toBe(whole);
  expect(inPieces(html, everywhere)).toBe(whole);
  return whole;
}

describe('what a reader sees', () => {
  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['<p>one</p><p>two</p>', 'one\ntwo'],
    ['one<br>two<br/>three<BR />four', 'one\ntwo\nthree\nfour'],
    ['<b>bo</b>ld and <i>it</i>alic', 'bold and italic'],
    ['a<span> b</span>', 'a b'],
    ['  many \r\n\t spaces  <b> here </b> ', 'many spaces here'],
    ['<table><tr><td>left</td><td>right</td></tr><tr><th>x</th></tr></table>', 'left right\nx'],
    ['<ul><li>one<li>two</ul>three', 'one\ntwo\nthree'],
    ['<div>a<div>b</div>c</div>', 'a\nb\nc'],
    ['see<img src="x" alt="y">this', 'see this'],
    ['&lt;b&gt; &amp; &quot;x&quot; &apos;y&apos;', '<b> & "x" \'y\''],
    ['caf&eacute; &Auml;&szlig; &euro;&hellip;&ndash;', 'café Äß €…–'],
    ['a&nbsp;b', 'a\u00a0b'],
    ['&#228;&#xe4;&#XE4;&#8364;&#x1f600;', 'äää€😀'],
    ['&#146;&#x80;', '’€'], // code points of windows-1252, as browsers read them
    ['&#0;&#xd800;&#x110000;&#99999999999999;', '\ufffd\ufffd\ufffd\ufffd'],
    ['&copy 2026 &eacute', '© 2026 é'], // without semicolon
    [
      'AT&T &unknown; & &; &# &#; &#x; &#xg; &euro &constructor; &__proto__;',
      'AT&T &unknown; & &; &# &#; &#x; &#xg; &euro &constructor; &__proto__;',
    ],
    ['&<b>x</b>', '&x'],
    ['&am<b>p;</b>', '&amp;'],
    ['5 < 6 <7 a<b>c', '5 < 6 <7 ac'],
    ['<', '<'],
    ['a &amp', 'a &'],
  ])('%s', (html, text) => {
    expect(textOf(html)).toBe(text);
  });
});

describe('what a reader does not see', () => {
  test.each([
    ['<style>p { color: red }</style>a', 'a'],
    ['<STYLE type="x">a > b</Style >b', 'b'],
    ['<script>if (a < b) "</p>" </scrip></script>a', 'a'],
    ['<script><!-- </script>a', 'a'],
    ['<script></script foo="bar>baz">a', 'a'],
    ['<script></scriptx></script>a', 'a'],
    ['<style></</style>a', 'a'],
    ['<style><</style>a', 'a'],
    ['<style>never closed', ''],
    ['<head><title>Not in the text</title></head>a', 'a'],
    ['a<!-- b -->c', 'ac'],
    ['a<!-- <p> > -- - -->c', 'ac'],
    ['a<!-->b', 'ab'],
    ['a<!--->b', 'ab'],
    ['a<!-- b --!>c', 'ac'],
    ['a<!-- never closed', 'a'],
    ['<!DOCTYPE html>a', 'a'],
    ['<![if !mso]>a<![endif]>', 'a'],
    ['<!--[if mso]>a<![endif]-->b', 'b'],
    ['<?xml version="1.0"?>a', 'a'],
    ['<a title="x > y" href=\'"\'>b</a>', 'b'],
    ['<a title = "x > y">b</a>', 'b'],
    ['<a title="a>b"c=d>e', 'e'],
    ['<a href=x"y>b', 'b'],
    ['<a "x>b', 'b'], // a quote that no = precedes quotes nothing
    ['<a href="never closed>b', ''],
    ['<a href=>b', 'b'],
    ['</>a</ b>c', 'ac'],
    ['<p', ''],
    ['</p', ''],
    ['<o:p>a</o:p>', 'a'],
    [`<${'x'.repeat(100)}>a`, 'a'],
    [`<p${'x'.repeat(100)}>a<p>b`, 'a\nb'],
  ])('%s', (html, text) => {
    expect(textOf(html)).toBe(text);
  });
});

test('any markup, cut anywhere', () => {
  const pieces = fc.array(
    fc.constantFrom(
      ...['<', '>', '</', '<!--', '-->', '--', '-', '!', '<p>', '<script>', '</script', '<style', ' ', '=', '"', "'"],
      ...['&', '&amp;', '&#x', '41', ';', 'a', 'é', '\n', '/', '?', '<td>'],
    ),
  );
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(200)), (parts, cuts) => {
      const html = parts.join('');
      const places = cuts.map((cut) => cut % (html.length + 1)).sort((a, b) => a - b);
      const whole = inPieces(html, []);
      expect(inPieces(html, places)).toBe(whole);
      expect(whole.length).toBeLessThanOrEqual(html.length);
    }),
    { numRuns: 3_000 },
  );
});

describe('hardening 34: linear work', () => {
  test.each([
    ...[
      '<',
      '>',
      '&',
      '<!',
      '<!--',
      '--',
      '<!-- >',
      '<a ',
      '<a =',
      '<a x="',
      '="',
      '&amp',
      '&#',
      '&x',
      '<p>',
      ' ',
      '</',
    ],
    ...['<script>', '<script></', '</script', '<style><', '<style></style>', '<title>&', '<?', 'a '],
  ])('%j repeated', (piece) => {
    const work = (times: number) => countOctets(() => inPieces(piece.repeat(times), [times, times + 1]));
    expect(work(2_000)).toBeLessThan(work(1_000) * 2.2 + 1_000);
    const html = piece.repeat(500_000 / piece.length); // would not end if it were quadratic
    expect(inPieces(html, []).length).toBeLessThanOrEqual(html.length);
  });
});

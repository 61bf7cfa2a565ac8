import { describe, expect, test } from 'vitest';
import { MessageParser, parseMessage } from './message-parser.ts';
import type { MessageText } from './message-text.ts';

function textOf(message: string): MessageText {
  const { text } = parseMessage(Buffer.from(message, 'latin1'), { collectText: true });
  if (text === null) throw new Error('No text');
  return text;
}

test('text is collected only if asked for', () => {
  expect(parseMessage(Buffer.from('Subject: x\n\ny')).text).toBeNull();
});

test('header, body and preview of a message of several parts', () => {
  const text = textOf(
    [
      'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n  =?utf-8?Q?_aus?= Wien',
      'From: =?iso-8859-1?Q?J=F6rg?= <j@example.org>',
      'Content-Type: multipart/mixed; boundary=b\r\n',
      '--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n',
      'R3LDvMOfZSBhdXMgV2llbg==',
      '--b\r\nContent-Type: text/html\r\n',
      '<style>p {}</style><p>one<p>two &eacute;<br>three',
      "--b\r\nContent-Disposition: attachment; filename*=utf-8''%e2%82%ac.pdf\r\nContent-Type: application/pdf\r\n",
      'JVBERi0=',
      '--b--',
    ].join('\r\n'),
  );
  expect(text).toEqual({
    header: 'Subject: Grüße aus Wien\nFrom: Jörg <j@example.org>\nContent-Type: multipart/mixed; boundary=b\n',
    body: 'Grüße aus Wien\none\ntwo é\nthree\n€.pdf\n',
    preview: 'Grüße aus Wien',
  });
});

describe('chunks', () => {
  test('cut at every octet', () => {
    const message = Buffer.from(
      'A: b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\none\r\n-\r\n--\r\n--x\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\na<b>&amp;<!-- - --><i x="\'>">c\r\n--b--\r\n',
    );
    const whole = parseMessage(message, { collectText: true });
    expect(whole.text?.body).toBe('one\n-\n--\n--x\n\na&c\n');
    for (let cut = 0; cut <= message.length; cut++) {
      const parser = new MessageParser({ collectText: true });
      parser.push(message.subarray(0, cut));
      parser.push(message.subarray(cut));
      expect(parser.end()).toEqual(whole);
    }
  });
});

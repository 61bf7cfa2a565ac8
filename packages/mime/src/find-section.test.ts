import { describe, expect, test } from 'vitest';
import { findSection, type Section } from './find-section.ts';
import { parseMessage } from './message-parser.ts';
import { decodePartIndex, encodePartIndex } from './part-index.ts';

/** `4.2.HEADER` as a section. */
function section(name: string): Section {
  const path: number[] = [];
  let text: Section['text'] = null;
  for (const word of name === '' ? [] : name.split('.')) {
    if (word === 'HEADER' || word === 'TEXT' || word === 'MIME') text = word;
    else path.push(Number(word));
  }
  return { path, text };
}

/** A fetch of the message shown behind a prefix. */
function fetcher(content: string, prefix = '') {
  const octets = Buffer.from(content);
  const index = decodePartIndex(encodePartIndex(parseMessage(octets)));
  const shown = Buffer.concat([Buffer.from(prefix), octets]);
  return (name: string) => {
    const range = findSection(index, section(name), Buffer.byteLength(prefix));
    return range && shown.subarray(range.start, range.end).toString();
  };
}

const part = (type: string, body: string) => `Content-Type: ${type}\r\n\r\n${body}`;
const multipart = (subtype: string, boundary: string, ...parts: string[]) =>
  `Content-Type: multipart/${subtype}; boundary=${boundary}\r\n\r\n` +
  `${parts.map((text) => `--${boundary}\r\n${text}\r\n`).join('')}--${boundary}--\r\n`;

/** The message that RFC 3501 §6.4.5 and RFC 9051 §6.4.5.1 number the parts of. */
const complex = `Subject: top\r\n${multipart(
  'mixed',
  'a',
  part('text/plain', 'one'),
  part('application/octet-stream', 'two'),
  part(
    'message/rfc822',
    `Subject: three\r\n${multipart('mixed', 'b', part('text/plain', 'three one'), part('application/octet-stream', 'three two'))}`,
  ),
  multipart(
    'mixed',
    'c',
    part('image/gif', 'four one'),
    part(
      'message/rfc822',
      `Subject: four two\r\n${multipart(
        'mixed',
        'd',
        part('text/plain', 'four two one'),
        multipart(
          'alternative',
          'e',
          part('text/plain', 'four two two one'),
          part('text/richtext', 'four two two two'),
        ),
      )}`,
    ),
  ),
)}`;

describe('the example of RFC 3501 §6.4.5', () => {
  const fetch = fetcher(complex);

  test.each([
    ['', complex],
    ['HEADER', complex.slice(0, complex.indexOf('--a'))],
    ['TEXT', complex.slice(complex.indexOf('--a'))],
    ['1', 'one'],
    ['1.MIME', 'Content-Type: text/plain\r\n\r\n'],
    ['2', 'two'],
    ['2.MIME', 'Content-Type: application/octet-stream\r\n\r\n'],
    ['3.MIME', 'Content-Type: message/rfc822\r\n\r\n'],
    ['3.HEADER', 'Subject: three\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'],
    ['3.1', 'three one'],
    ['3.2', 'three two'],
    ['3.2.MIME', 'Content-Type: application/octet-stream\r\n\r\n'],
    ['4.MIME', 'Content-Type: multipart/mixed; boundary=c\r\n\r\n'],
    ['4.1', 'four one'],
    ['4.1.MIME', 'Content-Type: image/gif\r\n\r\n'],
    ['4.2.HEADER', 'Subject: four two\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n'],
    ['4.2.1', 'four two one'],
    ['4.2.2.MIME', 'Content-Type: multipart/alternative; boundary=e\r\n\r\n'],
    ['4.2.2.1', 'four two two one'],
    ['4.2.2.2', 'four two two two'],
  ])('BODY[%s]', (name, text) => {
    expect(fetch(name)).toBe(text);
  });

  test('an embedded message is its header and its text', () => {
    for (const name of ['3', '4.2']) expect(fetch(name)).toBe(`${fetch(`${name}.HEADER`)}${fetch(`${name}.TEXT`)}`);
    expect(fetch('3.TEXT')).toMatch(/^--b\r\n.*--b--\r\n$/s);
  });

  test.each([
    '0',
    '5',
    '1.1',
    '1.HEADER',
    '1.TEXT',
    '4.HEADER',
    '4.TEXT',
    '3.3',
    '4.2.2.3',
    '4.2.1.1',
    'MIME',
    '1.5',
    '-1',
    '3.0',
  ])('BODY[%s] does not exist', (name) => {
    expect(fetch(name)).toBeNull();
  });
});

test('part numbers that are no positive integers name nothing', () => {
  const index = decodePartIndex(encodePartIndex(parseMessage(Buffer.from(complex))));
  for (const number of [0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(findSection(index, { path: [number], text: null })).toBeNull();
  }
});

test('a message without parts has part 1', () => {
  const fetch = fetcher('Subject: x\r\n\r\nbody');
  expect(fetch('1')).toBe('body');
  expect(fetch('TEXT')).toBe('body');
  expect(fetch('1.MIME')).toBe('Subject: x\r\n\r\n');
  for (const name of ['2', '1.1', '1.HEADER', '1.TEXT']) expect(fetch(name)).toBeNull();
});

test('a message whose only part is a message', () => {
  const fetch = fetcher(`Subject: out\r\n${part('message/rfc822', 'Subject: in\r\n\r\nbody')}`);
  expect(fetch('1')).toBe('Subject: in\r\n\r\nbody');
  expect(fetch('1.HEADER')).toBe('Subject: in\r\n\r\n');
  expect(fetch('1.TEXT')).toBe('body');
  expect(fetch('1.1')).toBe('body');
  expect(fetch('1.1.MIME')).toBe('Subject: in\r\n\r\n');
  for (const name of ['1.2', '1.1.1', '1.1.HEADER']) expect(fetch(name)).toBeNull();
});

test('empty sections exist', () => {
  const fetch = fetcher('');
  for (const name of ['', 'HEADER', 'TEXT', '1', '1.MIME']) expect(fetch(name)).toBe('');
  expect(fetcher('Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing')('1')).toBe('');
});

describe('behind a prefix', () => {
  const prefix = 'Return-Path: <a@b>\r\nReceived: from c\r\n';

  test('the message and its header begin with it', () => {
    const fetch = fetcher(complex, prefix);
    const plain = fetcher(complex);
    expect(fetch('')).toBe(`${prefix}${complex}`);
    expect(fetch('HEADER')).toBe(`${prefix}${plain('HEADER')}`);
    for (const name of ['TEXT', '1', '1.MIME', '3', '3.HEADER', '3.TEXT', '3.1', '4', '4.2.2.2', '4.2.2.MIME', '5']) {
      expect(fetch(name)).toBe(plain(name));
    }
  });

  test.each(['', '\r\n', '\r\nbody', 'Subject: x', 'Subject: x\r\n\r\n'])('of %j', (content) => {
    const fetch = fetcher(content, prefix);
    const plain = fetcher(content);
    expect(fetch('')).toBe(`${prefix}${content}`);
    expect(fetch('HEADER')).toBe(`${prefix}${plain('HEADER')}`);
    expect(fetch('1.MIME')).toBe(`${prefix}${plain('1.MIME')}`);
    expect(fetch('TEXT')).toBe(plain('TEXT'));
    expect(fetch('1')).toBe(plain('1'));
  });
});

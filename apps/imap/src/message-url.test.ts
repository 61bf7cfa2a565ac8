import { expect, test } from 'vitest';
import { parseMessageUrl } from './message-url.ts';

/** As a person would say it; null for what is no URL of a message. */
function show(url: string, base: string | null = null): string | null {
  const parsed = parseMessageUrl(url, base);
  if (parsed === null) return null;
  const { mailboxName, uidvalidity, uid, section, partial } = parsed;
  const part = [...section.part, ...(section.type === 'body' ? [] : [section.type])].join('.');
  const names = section.type === 'header-fields' ? `(${section.not ? 'not ' : ''}${section.names})` : '';
  const range = partial === null ? '' : `<${partial.offset}.${partial.count}>`;
  return `${mailboxName}:${uidvalidity ?? '*'}:${uid}[${part}${names}]${range}`;
}

test.each([
  ['/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER', 'Drafts:385759045:20[header]'],
  ['/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME', 'Drafts:385759045:20[1.mime]'],
  ['/Drafts/;UID=3002', 'Drafts:*:3002[]'],
  ['/inbox/;uid=1/;SECTION=1.5.9', 'INBOX:*:1[1.5.9]'],
  ['/a%20b/%E6%97%A5/c/;UID=1/;SECTION=TEXT', 'a b/日/c:*:1[text]'],
  ['/a%3Bb%25;uidvalidity=1/;UID=4294967295', 'a;b%:1:4294967295[]'],
  ['/A/;UID=1/;SECTION=HEADER.FIELDS%20(From%20X%2FY)', 'A:*:1[header-fields(From,X/Y)]'],
  ['/A/;UID=1/;SECTION=2.HEADER.FIELDS.NOT%20(%22To%22)', 'A:*:1[2.header-fields(not To)]'],
  ['/A/;UID=1/;SECTION=1/;PARTIAL=10.20', 'A:*:1[1]<10.20>'],
  ['/A/;UID=1/;PARTIAL=5', `A:*:1[]<5.${Number.MAX_SAFE_INTEGER}>`],
  ['A/;UID=1', 'A:*:1[]'],
])('%s is %s', (url, expected) => {
  expect(show(url)).toBe(expected);
});

test.each([
  [';UID=1', 'Work/2026:*:1[]'],
  [';uid=1/;section=1', 'Work/2026:*:1[1]'],
  ['2025/;UID=1', 'Work/2025:*:1[]'],
  ['/2025/;UID=1', '2025:*:1[]'],
])('where Work/2026 is selected, %s is %s', (url, expected) => {
  expect(show(url, 'Work/2026')).toBe(expected);
});

test.each([
  '',
  '/',
  '/A',
  ';UID=1',
  '/;UID=1',
  '/A;UID=1',
  '/A/;UID=0',
  '/A/;UID=01',
  '/A/;UID=99999999999',
  '/A/;UID=1x',
  '/A/;UID=1/',
  '/A/;UID=1/;SECTION=',
  '/A/;UID=1/;SECTION=1.',
  '/A/;UID=1/;SECTION=NONSENSE',
  '/A/;UID=1/;SECTION=1]',
  '/A/;UID=1/;SECTION=%ff',
  '/A/;UID=1/;PARTIAL=',
  '/A/;UID=1/;PARTIAL=1.0',
  '/A/;UID=1/;PARTIAL=1/;SECTION=1',
  '/A;UIDVALIDITY=x/;UID=1',
  '/A;UIDVALIDITY=0/;UID=1',
  '/A%00/;UID=1',
  '/A%ff/;UID=1',
  '/A%/;UID=1',
  '/A/;UID=1?SUBJECT',
  'imap://localhost/A/;UID=1',
  'IMAP://mary@localhost/A/;UID=1',
  '//localhost/A/;UID=1',
  'http:/A/;UID=1',
  `/${'a'.repeat(5_000)}/;UID=1`,
])('%j is no URL of a message here', (url) => {
  expect(show(url)).toBeNull();
});

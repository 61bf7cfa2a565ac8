import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authorize, isAuthorized, parseAuthorizedUrl, parseUrlRump } from './authorized-url.ts';

const key = Buffer.alloc(32, 7);
const URL = 'imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred';

describe('a URL to authorize', () => {
  test('RFC 4467 §7: has a user, a message, who may use it, and until when', () => {
    expect(parseUrlRump(URL)).toMatchObject({
      text: URL,
      user: 'joe',
      message: { mailboxName: 'INBOX', uid: 20, uidvalidity: null, section: { type: 'body', part: [1, 2] } },
      access: { type: 'submit', user: 'fred' },
      expiresAt: null,
    });
    const long =
      'IMAP://joe%40example.com;AUTH=*@[::1]:1143/Entw%C3%BCrfe;UIDVALIDITY=7/;UID=1/;PARTIAL=0.5;EXPIRE=2030-01-02T03:04:05.5+01:00;URLAUTH=User+fred%40example.com';
    expect(parseUrlRump(long)).toMatchObject({
      user: 'joe@example.com',
      message: { mailboxName: 'Entwürfe', uid: 1, uidvalidity: 7, partial: { offset: 0, count: 5 } },
      access: { type: 'user', user: 'fred@example.com' },
      expiresAt: new Date('2030-01-02T02:04:05.500Z'),
    });
  });

  test.each([['authuser'], ['anonymous'], ['AuthUser']])('may be for %s', (access) => {
    const rump = parseUrlRump(`imap://joe@h/a/;uid=1;urlauth=${access}`);
    expect(rump?.access).toEqual({ type: access.toLowerCase() });
  });

  test.each([
    ['', 'nothing'],
    ['imap://joe@h/a/;uid=1', 'nobody who may use it'],
    ['imap://joe@h/a/;uid=1;urlauth=', 'nobody'],
    ['imap://joe@h/a/;uid=1;urlauth=stream+x', 'who is not known here'],
    ['imap://joe@h/a/;uid=1;urlauth=user+', 'a user without name'],
    ['imap://joe@h/a/;uid=1;urlauth=user+%ff', 'a name that is no UTF-8'],
    ['imap://joe@h/a/;uid=1;urlauth=authuser;x=y', 'more behind it'],
    ['imap://joe@h/a/;uid=1;urlauth=authuser;expire=2030-01-02T03:04:05Z', 'the end behind it'],
    ['imap://h/a/;uid=1;urlauth=authuser', 'no user'],
    ['imap://@h/a/;uid=1;urlauth=authuser', 'an empty user'],
    ['imap://joe@/a/;uid=1;urlauth=authuser', 'no server'],
    ['http://joe@h/a/;uid=1;urlauth=authuser', 'another scheme'],
    ['/a/;uid=1;urlauth=authuser', 'no server'],
    ['imap://joe@h;urlauth=authuser', 'the whole server'],
    ['imap://joe@h/;urlauth=authuser', 'the list of mailboxes'],
    ['imap://joe@h/a;urlauth=authuser', 'a mailbox'],
    ['imap://joe@h/a?SUBJECT%20b;urlauth=authuser', 'a search'],
    ['imap://joe@h/;uid=1;urlauth=authuser', 'no mailbox'],
    ['imap://joe@h/a/;uid=0;urlauth=authuser', 'no UID'],
    ['imap://joe@h/a/;uid=1/;section=nonsense;urlauth=authuser', 'no section'],
    ['imap://joe@h/a/;uid=1;expire=soon;urlauth=authuser', 'no date'],
    ['imap://joe@h/a/;uid=1;expire=2030-13-02T03:04:05Z;urlauth=authuser', 'no month'],
    ['imap://joe@h/a b/;uid=1;urlauth=authuser', 'a space'],
    ['imap://joe@h/a"/;uid=1;urlauth=authuser', 'a quote'],
    ['imap://joe@h/a/;uid=1\r\n;urlauth=authuser', 'a line end'],
    [`imap://joe@h/${'a'.repeat(5_000)}/;uid=1;urlauth=authuser`, 'thousands of octets'],
  ])('hardening 45: %j is none: %s', (text) => {
    expect(parseUrlRump(text)).toBe(null);
    expect(parseAuthorizedUrl(`${text}:internal:01${'0'.repeat(64)}`)).toBe(null);
  });
});

describe('an authorized URL', () => {
  const rump = parseUrlRump(URL);
  if (rump === null) throw new Error('the URL is one');
  const full = authorize(rump, key);

  test('is the URL, the mechanism, and a token of 128 bits at least that says how it was made', () => {
    expect(full).toMatch(/^imap:.*submit\+fred:internal:01[0-9a-f]{64}$/);
    const parsed = parseAuthorizedUrl(full);
    expect(parsed?.rump).toEqual(rump);
    expect(parsed === null ? null : isAuthorized(parsed, key)).toBe(true);
    expect(parsed === null ? null : isAuthorized(parsed, Buffer.alloc(32, 8))).toBe(false);
  });

  test('may have mechanism and token in any case', () => {
    const upper = full.replace(/:internal:.*/, (token) => token.toUpperCase());
    const parsed = parseAuthorizedUrl(upper);
    expect(parsed === null ? null : isAuthorized(parsed, key)).toBe(true);
  });

  test('is another one if any octet is', () => {
    fc.assert(
      fc.property(fc.nat({ max: full.length - 1 }), fc.integer({ min: 0x21, max: 0x7e }), (at, code) => {
        const octet = String.fromCharCode(code);
        const changed = `${full.slice(0, at)}${octet}${full.slice(at + 1)}`;
        const parsed = parseAuthorizedUrl(changed);
        const isSame = changed.replace(/:internal:.*$/i, (end) => end.toLowerCase()) === full;
        expect(parsed !== null && isAuthorized(parsed, key)).toBe(isSame);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    [`${URL}:XSAMPLE:01${'0'.repeat(64)}`],
    [`${URL}:internal:`],
    [`${URL}:internal:02${'0'.repeat(64)}`],
    [`${URL}:internal:01${'0'.repeat(63)}`],
    [`${URL}:internal:01${'0'.repeat(65)}`],
    [`${URL}:internal:01${'g'.repeat(64)}`],
    [URL],
    [''],
    [':'],
    [':internal:'],
  ])('%j is none', (text) => {
    expect(parseAuthorizedUrl(text)).toBe(null);
  });
});

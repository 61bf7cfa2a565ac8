/** GENURLAUTH, URLFETCH and RESETKEY: RFC 4467; and CATENATE of authorized URLs. */
import type { TestAccount } from '@postel/testkit';
import { describe, expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const MESSAGE = [
  'Subject: two parts',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  '',
  'Si vis pacem, para bellum.',
  '--b',
  'Content-Type: text/plain',
  '',
  'other',
  '--b--',
  '',
].join('\r\n');

interface World extends AsyncDisposable {
  readonly mary: TestAccount;
  readonly john: TestAccount;
  readonly hers: ImapClient;
  readonly his: ImapClient;
  /** A URL of her INBOX. */
  url(path: string): string;
  authorized(path: string): Promise<string>;
}

async function world(): Promise<World> {
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  const [hers, his] = [await server.logIn(mary), await server.logIn(john)];
  await hers.append('INBOX', MESSAGE);
  const url = (path: string) => `imap://${mary.name}@example.com/INBOX/;uid=1${path}`;
  return {
    mary,
    john,
    hers,
    his,
    url,
    authorized: (path) => authorize(hers, url(path)),
    async [Symbol.asyncDispose]() {
      await hers[Symbol.asyncDispose]();
      await his[Symbol.asyncDispose]();
    },
  };
}

async function authorize(client: ImapClient, url: string): Promise<string> {
  const { untagged, tagged } = await client.command(`GENURLAUTH "${url}" INTERNAL`);
  const [, authorized = ''] = /^\* GENURLAUTH "(.*)"$/.exec(untagged.join('\n')) ?? [];
  if (!tagged.startsWith('OK ') || !authorized.startsWith(`${url}:internal:`)) throw client.failure('not authorized');
  return authorized;
}

/** What URLFETCH tells of a URL; null for NIL. */
async function fetched(client: ImapClient, url: string): Promise<string | null> {
  const { untagged, tagged } = await client.command(`URLFETCH "${url}"`);
  expect(tagged).toMatch(/^OK /);
  const start = `* URLFETCH "${url}" `;
  const told = untagged.join('\r\n');
  if (!told.startsWith(start)) throw client.failure('no URLFETCH');
  const data = told.slice(start.length);
  return data === 'NIL' ? null : data.slice(data.indexOf('\r\n') + 2);
}

describe('an authorized URL', () => {
  test('gives others what its user lets them read, whatever is selected', async () => {
    await using w = await world();
    const part = w.url('/;section=1;urlauth=authuser');
    await w.hers.dialogue`
      C: a1 GENURLAUTH "${part}" INTERNAL "${w.url(';urlauth=anonymous')}" internal
      S: * GENURLAUTH "${part}:internal:{token}" "${w.url(';urlauth=anonymous')}:internal:{other}"
      S: a1 OK URLs authorized
    `;
    const [text, partly, field] = [
      await w.authorized('/;section=1;urlauth=authuser'),
      await w.authorized('/;section=1/;partial=3.3;urlauth=authuser'),
      await w.authorized('/;section=HEADER.FIELDS%20(Subject);urlauth=authuser'),
    ];
    await w.his.dialogue`
      C: a1 URLFETCH "${text}" "${partly}"
      S: * URLFETCH "${text}" {26}
      S: Si vis pacem, para bellum.
      S: * URLFETCH "${partly}" {3}
      S: vis
      S: a1 OK URLs fetched
      C: a2 EXAMINE Drafts
      S: ...
      S: a2 OK ...
      C: a3 URLFETCH "${field}"
      S: * URLFETCH "${field}" {22}
      S: Subject: two parts
      S:
      S:
      S: a3 OK ...
      C: a4 NOOP
      S: a4 OK ...
    `;
    expect(await fetched(w.his, field)).toBe('Subject: two parts\r\n\r\n');
    expect(await fetched(w.his, await w.authorized(';urlauth=authuser'))).toBe(MESSAGE);
    // RFC 4467 §7: reading by URL sets no flag.
    expect((await w.hers.command('STATUS INBOX (UNSEEN)')).untagged).toEqual(['* STATUS INBOX (UNSEEN 1)']);
  });

  test('RFC 4467 §2.3: is for whom it names, by name or address, and for nobody else', async () => {
    await using w = await world();
    const { mary, john } = w;
    const readers: readonly (readonly [access: string, hers: boolean, his: boolean])[] = [
      ['anonymous', true, true],
      ['authuser', true, true],
      [`user+${john.name}`, false, true],
      [`user+${john.address.replace('@', '%40')}`, false, true],
      [`user+${mary.name}`, true, false],
      ['user+nobody-at-all', false, false],
      [`submit+${john.name}`, false, false],
    ];
    for (const [access, hers, his] of readers) {
      const url = await w.authorized(`/;section=2;urlauth=${access}`);
      expect(await fetched(w.hers, url), access).toBe(hers ? 'other' : null);
      expect(await fetched(w.his, url), access).toBe(his ? 'other' : null);
    }
  });

  test('that says `anonymous` is good for ANONYMOUS too, who authorizes nothing', async () => {
    await using w = await world();
    const guests = await server.addAccount('guests');
    await using imap = await server.startProcess({ login: { mechanisms: null, anonymousAccount: guests.name } });
    await using guest = await server.connect(imap.port);
    await guest.command(`AUTHENTICATE ANONYMOUS ${Buffer.from('sirhc').toString('base64')}`);
    expect(await fetched(guest, await w.authorized('/;section=2;urlauth=anonymous'))).toBe('other');
    expect(await fetched(guest, await w.authorized('/;section=2;urlauth=authuser'))).toBe(null);
    expect(await fetched(guest, await w.authorized(`/;section=2;urlauth=user+${guests.name}`))).toBe(null);
    await guest.dialogue`
      C: a1 GENURLAUTH "imap://${guests.name}@example.com/INBOX/;uid=1;urlauth=anonymous" INTERNAL
      S: a1 NO [NOPERM] ...
      C: a2 RESETKEY
      S: a2 NO [NOPERM] ...
    `;
  });

  test('is good until it expires', async () => {
    await using w = await world();
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    expect(await fetched(w.his, await w.authorized(`/;section=2;expire=${at(60_000)};urlauth=authuser`))).toBe('other');
    const short = await w.authorized(`/;section=2;expire=${at(3_000)};urlauth=authuser`);
    let last = await fetched(w.his, short);
    expect(last).toBe('other');
    while (last !== null) last = await fetched(w.his, short);
    await w.hers.dialogue`
      C: a1 GENURLAUTH "${w.url(`/;section=2;expire=${at(-1)};urlauth=authuser`)}" INTERNAL
      S: a1 BAD The URL has expired already...
    `;
  });

  test('hardening 47: that is not good is NIL, whatever is wrong with it', async () => {
    await using w = await world();
    const good = await w.authorized('/;section=2;urlauth=authuser');
    const token = good.slice(good.indexOf(':internal:'));
    const urls = [
      `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`,
      good.replace('section=2', 'section=1'),
      good.replace('uid=1', 'uid=2'),
      good.replace('INBOX', 'Drafts'),
      good.replace('INBOX', 'Nowhere'),
      good.replace(w.mary.name, w.john.name),
      good.replace(w.mary.name, 'nobody-at-all'),
      good.replace('example.com', 'example.org'),
      good.replace(':internal:', ':xsample:'),
      w.url('/;section=2;urlauth=authuser'),
      w.url('/;section=2'),
      w.url('/;section=7;urlauth=authuser') + token,
      await w.authorized('/;section=7;urlauth=authuser'),
      `imap://${w.mary.name}@example.com/`,
      'nonsense',
      '',
    ];
    for (const url of urls) expect(await fetched(w.his, url), url).toBe(null);
    expect(await fetched(w.his, good)).toBe('other');
  });

  test('RFC 4467 §7: gives what its user may read now, not what was so when it was made', async () => {
    await using w = await world();
    const third = await server.addAccount('third');
    await using theirs = await server.logIn(third);
    await w.hers.command(`SETACL INBOX ${w.john.name} lr`);
    const shared = `imap://${w.john.name}@example.com/Other%20Users/${w.mary.name}/INBOX/;uid=1/;section=2;urlauth=authuser`;
    const url = await authorize(w.his, shared);
    expect(await fetched(theirs, url)).toBe('other');
    await w.hers.command(`DELETEACL INBOX ${w.john.name}`);
    expect(await fetched(theirs, url)).toBe(null);
    const own = await w.authorized('/;section=2;urlauth=authuser');
    await server.postel.useDirectory((directory) => directory.setDisabled(w.mary.name, true));
    expect(await fetched(theirs, own)).toBe(null);
  });

  test('ends with the message, and with the mailbox, also if another one gets its name', async () => {
    await using w = await world();
    await w.hers.command('CREATE Box');
    await w.hers.append('Box', 'Subject: secret\r\n\r\nfirst');
    const box = `imap://${w.mary.name}@example.com/Box/;uid=1/;section=TEXT;urlauth=authuser`;
    const url = await authorize(w.hers, box);
    expect(await fetched(w.his, url)).toBe('first');
    await w.hers.command('RENAME Box Moved');
    expect(await fetched(w.his, url)).toBe(null);
    await w.hers.command('RENAME Moved Box');
    expect(await fetched(w.his, url)).toBe('first');
    await w.hers.command('DELETE Box');
    await w.hers.command('CREATE Box');
    await w.hers.append('Box', 'Subject: secret\r\n\r\nsecond');
    expect(await fetched(w.his, url)).toBe(null);
    const again = await authorize(w.hers, box);
    expect(await fetched(w.his, again)).toBe('second');
    await w.hers.command('SELECT Box');
    await w.hers.command('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await w.hers.command('EXPUNGE');
    expect(await fetched(w.his, again)).toBe(null);
  });

  test('can be a part of a message that APPEND makes, for who may use it', async () => {
    await using w = await world();
    const url = await w.authorized(`/;section=2;urlauth=user+${w.john.name}`);
    const forHer = await w.authorized(`/;section=2;urlauth=user+${w.mary.name}`);
    await w.his.dialogue`
      C: a1 APPEND INBOX CATENATE (TEXT {3+}
      C: An: URL "${url}")
      S: a1 OK ...
      C: a2 APPEND INBOX CATENATE (URL "${forHer}")
      S: a2 NO [BADURL ${forHer}] No such mailbox...
      C: a3 APPEND INBOX CATENATE (URL "${url}0")
      S: a3 NO [BADURL ${url}0] ...
      C: a4 SELECT INBOX
      S: ...
      S: a4 OK ...
      C: a5 FETCH 1:* BODY.PEEK[]
      S: * 1 FETCH (BODY[] {8}
      S: An:other)
      S: a5 OK ...
    `;
  });
});

describe('URLFETCH with parameters (RFC 5524)', () => {
  const ENCODED = [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    'Content-Transfer-Encoding: base64',
    '',
    'aGVsbG8gd29ybGQ=',
    '--b',
    'Content-Type: image/x',
    'Content-Transfer-Encoding: base64',
    '',
    'AAEC',
    '--b',
    'Content-Transfer-Encoding: x-odd',
    '',
    'odd',
    '--b--',
    '',
  ].join('\r\n');

  test('tells a part without its encoding, and of what kind it is', async () => {
    const mary = await server.addAccount('mary');
    await using hers = await server.logIn(mary);
    await hers.append('INBOX', ENCODED);
    const url = (path: string) =>
      authorize(hers, `imap://${mary.name}@example.com/INBOX/;uid=1${path};urlauth=authuser`);
    const [text, middle, picture, odd, mime, missing] = [
      await url('/;section=1'),
      await url('/;section=1/;partial=2.5'),
      await url('/;section=2'),
      await url('/;section=3'),
      await url('/;section=1.MIME'),
      await url('/;section=4'),
    ];
    const structure = '("text" "plain" ("charset" "us-ascii") NIL NIL "base64" 16 0 NIL NIL NIL NIL)';
    await hers.dialogue`
      C: a1 URLFETCH ("${text}" BODY) ("${text}" binary) ("${middle}" BINARY)
      S: * URLFETCH "${text}" (BODY {16}
      S: aGVsbG8gd29ybGQ=)
      S: * URLFETCH "${text}" (BINARY {11}
      S: hello world)
      S: * URLFETCH "${middle}" (BINARY {5}
      S: llo w)
      S: a1 OK ...
      C: a2 URLFETCH ("${text}" BINARY BODYPARTSTRUCTURE) ("${text}" BODYPARTSTRUCTURE)
      S: * URLFETCH "${text}" (BODYPARTSTRUCTURE ${structure}) (BINARY {11}
      S: hello world)
      S: * URLFETCH "${text}" (BODYPARTSTRUCTURE ${structure})
      S: a2 OK ...
      C: a3 URLFETCH ("${odd}" BINARY) ("${odd}" BODY) ("${missing}" BINARY) ("${missing}" BODYPARTSTRUCTURE)
      S: * URLFETCH "${odd}" (BINARY NIL)
      S: * URLFETCH "${odd}" (BODY {3}
      S: odd)
      S: * URLFETCH "${missing}" NIL
      S: * URLFETCH "${missing}" NIL
      S: a3 OK ...
      C: a4 URLFETCH ("${mime}" BODYPARTSTRUCTURE) ("${text}") "${middle}"
      S: * URLFETCH "${mime}" (BODYPARTSTRUCTURE ${structure})
      S: * URLFETCH "${text}" {16}
      S: aGVsbG8gd29ybGQ=
      S: * URLFETCH "${middle}" {5}
      S: VsbG8
      S: a4 OK ...
    `;
    hers.send(`b1 URLFETCH ("${picture}" BINARY)\r\n`);
    expect(await hers.line()).toBe(`* URLFETCH "${picture}" (BINARY ~{3}`);
    expect(await hers.line()).toBe('\0\x01\x02)');
    expect(await hers.line()).toMatch(/^b1 OK /);
  });

  test('decodes what is in a blob', async () => {
    const mary = await server.addAccount('mary');
    await using hers = await server.logIn(mary);
    const data = Buffer.alloc(300_000, 'abc');
    const lines = data.toString('base64').replace(/.{76}/g, '$&\r\n');
    await hers.append('INBOX', `Content-Transfer-Encoding: base64\r\n\r\n${lines}`);
    const url = await authorize(
      hers,
      `imap://${mary.name}@example.com/INBOX/;uid=1/;section=1/;partial=299990.100;urlauth=authuser`,
    );
    await hers.dialogue`
      C: a1 URLFETCH ("${url}" BINARY)
      S: * URLFETCH "${url}" (BINARY {10}
      S: cabcabcabc)
      S: a1 OK ...
    `;
  });

  test('knows BODY, BINARY and BODYPARTSTRUCTURE, and one of the first two', async () => {
    await using mary = await server.logIn();
    await mary.dialogue`
      C: a1 URLFETCH (nonsense BODY BINARY)
      S: a1 BAD ...
      C: a2 URLFETCH (nonsense BODY BODY)
      S: a2 BAD ...
      C: a3 URLFETCH (nonsense HEADER)
      S: a3 BAD ...
      C: a4 URLFETCH ()
      S: a4 BAD ...
      C: a5 URLFETCH (nonsense BINARY
      S: a5 BAD ...
      C: a6 URLFETCH (nonsense BINARY BODYPARTSTRUCTURE)
      S: * URLFETCH "nonsense" NIL
      S: a6 OK ...
    `;
  });
});

describe('RESETKEY', () => {
  test('revokes what was authorized of a mailbox, or of all', async () => {
    await using w = await world();
    await w.hers.append('Drafts', 'Subject: x\r\n\r\ndraft');
    const drafts = `imap://${w.mary.name}@example.com/Drafts/;uid=1/;section=TEXT;urlauth=authuser`;
    const [first, draft] = [await w.authorized('/;section=2;urlauth=authuser'), await authorize(w.hers, drafts)];
    await w.hers.dialogue`
      C: a1 RESETKEY INBOX
      S: a1 OK [URLMECH INTERNAL] ...
    `;
    expect(await fetched(w.his, first)).toBe(null);
    expect(await fetched(w.his, draft)).toBe('draft');
    const second = await w.authorized('/;section=2;urlauth=authuser');
    expect(second).not.toBe(first);
    expect(await w.authorized('/;section=2;urlauth=authuser')).toBe(second);
    await w.hers.dialogue`
      C: a1 RESETKEY
      S: a1 OK ...
    `;
    expect(await fetched(w.his, second)).toBe(null);
    expect(await fetched(w.his, draft)).toBe(null);
    expect(await fetched(w.his, await w.authorized('/;section=2;urlauth=authuser'))).toBe('other');
  });

  test('of one reader of a mailbox leaves alone what others have authorized', async () => {
    await using w = await world();
    await w.hers.command(`SETACL INBOX ${w.john.name} lr`);
    const hers = await w.authorized('/;section=2;urlauth=authuser');
    await w.his.dialogue`
      C: a1 RESETKEY "Other Users/${w.mary.name}/INBOX" internal
      S: a1 OK [URLMECH INTERNAL] ...
      C: a2 RESETKEY
      S: a2 OK ...
    `;
    expect(await fetched(w.his, hers)).toBe('other');
  });
});

test('RFC 4467 §8: URLMECH is told to those who open a mailbox, if nobody can listen', async () => {
  await using over = await server.connectTls();
  const { name, password } = await server.addAccount();
  await over.command(`LOGIN ${name} ${password}`);
  const line = '* OK [URLMECH INTERNAL] By which URLs are authorized';
  expect((await over.command('SELECT INBOX')).untagged).toContain(line);
  expect((await over.command('EXAMINE INBOX')).untagged).toContain(line);
  await using clear = await server.logIn();
  expect((await clear.command('SELECT INBOX')).untagged).not.toContain(line);
});

test('what is no GENURLAUTH, URLFETCH or RESETKEY is refused', async () => {
  await using w = await world();
  await w.hers.command(`SETACL INBOX ${w.john.name} l`);
  const his = `imap://${w.john.name}@example.com`;
  await w.his.dialogue`
    C: a1 GENURLAUTH "${his}/INBOX/;uid=1;urlauth=authuser"
    S: a1 BAD ...
    C: a2 GENURLAUTH
    S: a2 BAD ...
    C: a3 GENURLAUTH "${his}/INBOX/;uid=1;urlauth=authuser" XSAMPLE
    S: a3 BAD There is no mechanism...
    C: a4 GENURLAUTH "${his}/INBOX/;uid=1" INTERNAL
    S: a4 BAD Not the URL...
    C: a5 GENURLAUTH "${w.url(';urlauth=authuser')}" INTERNAL
    S: a5 BAD The user of the URL is not you...
    C: a6 GENURLAUTH "imap://nobody-at-all@example.com/INBOX/;uid=1;urlauth=authuser" INTERNAL
    S: a6 BAD The user of the URL is not you...
    C: a7 GENURLAUTH "${his}/Nowhere/;uid=1;urlauth=authuser" INTERNAL
    S: a7 BAD No such mailbox...
    C: a8 GENURLAUTH "${his}/Other%20Users/${w.mary.name}/Drafts/;uid=1;urlauth=authuser" INTERNAL
    S: a8 BAD No such mailbox...
    C: a9 GENURLAUTH "${his}/Other%20Users/${w.mary.name}/INBOX/;uid=1;urlauth=authuser" INTERNAL
    S: a9 NO [NOPERM] ...
    C: b1 URLFETCH
    S: b1 BAD ...
    C: b2 RESETKEY Nowhere
    S: b2 NO [NONEXISTENT] ...
    C: b3 RESETKEY "Other Users/${w.mary.name}/Drafts"
    S: b3 NO [NONEXISTENT] ...
    C: b4 RESETKEY INBOX XSAMPLE
    S: b4 NO [CANNOT] ...
  `;
  await using nobody = await server.connect();
  await nobody.dialogue`
    C: a1 URLFETCH "${w.url(';urlauth=anonymous')}"
    S: a1 BAD Log in first...
    C: a2 RESETKEY
    S: a2 BAD Log in first...
  `;
});

/** Every command that has to do with a mailbox, with every right to one of somebody else: RFC 4314 §4. */
import type { TestAccount } from '@postel/testkit';
import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

const LETTERS = [...'lrswipkxtea'];
/** None; each alone, and so that one knows of the mailbox; all but one; all. */
const SETS = [
  '',
  ...LETTERS,
  ...LETTERS.filter((letter) => letter !== 'l').map((letter) => `l${letter}`),
  ...LETTERS.map((letter) => LETTERS.filter((other) => other !== letter).join('')),
  LETTERS.join(''),
];

type Allowed = (rights: string) => boolean;
const has =
  (...all: string[]): Allowed =>
  (rights) =>
    all.every((letter) => rights.includes(letter));
const hasAny =
  (...some: string[]): Allowed =>
  (rights) =>
    some.some((letter) => rights.includes(letter));
const annotates: Allowed = (rights) => rights.includes('l') && hasAny('r', 's', 'w', 'i', 'p')(rights);

/**
 * A command about a mailbox; `{box}` is its name, up to where a quote may end it. What is destroyed comes last. Where `John's Place`
 * is named, John has k and x there.
 */
const BY_NAME: readonly (readonly [command: string, allowed: Allowed])[] = [
  ['SELECT "{box}"', has('r')],
  ['EXAMINE "{box}"', has('r')],
  ['STATUS "{box}" (MESSAGES UIDNEXT UIDVALIDITY SIZE)', has('r')],
  ['MYRIGHTS "{box}"', hasAny('l', 'r', 'i', 'k', 'x', 'a')],
  ['GETACL "{box}"', has('a')],
  ['RESETKEY "{box}"', has('r')],
  ['LISTRIGHTS "{box}" anyone', has('a')],
  ['SETACL "{box}" {third} +p', has('a')],
  ['DELETEACL "{box}" {third}', has('a')],
  ['SETACL "{box}" nobody-at-all lr', () => false],
  ['GETMETADATA "{box}" /shared/comment', annotates],
  ['SETMETADATA "{box}" (/private/comment "mine")', annotates],
  ['SETMETADATA "{box}" (/shared/comment "ours")', has('l', 'w')],
  ['APPEND "{box}" {1+}\r\nx', has('i')],
  ['APPEND "{box}" (\\Seen) {1+}\r\nx', has('i')],
  ['APPEND "{box}" CATENATE (TEXT {1+}\r\nx)', has('i')],
  ['APPEND INBOX CATENATE (URL "/{path}/;UID=1")', has('r')],
  ['CREATE "{box}/below"', has('k')],
  ['CREATE "{box}/below/far"', has('k')],
  ['RENAME "{place}/{n}" "{box}/new"', has('k')],
  ['DELETE "{box}"', has('x')],
];
/** What is answered OK whatever there is, and tells nothing. */
const ALWAYS = ['SUBSCRIBE "{box}"', 'UNSUBSCRIBE "{box}"', 'GETQUOTAROOT "{box}"', 'LSUB "" "{box}"'];

interface World {
  readonly mary: TestAccount;
  readonly third: TestAccount;
  readonly hers: ImapClient;
  readonly his: ImapClient;
  /** Gives John a mailbox with two messages and these rights, and its name here. */
  make(rights: string): Promise<string>;
}

async function world(): Promise<World & AsyncDisposable> {
  const [mary, john, third] = [
    await server.addAccount('mary'),
    await server.addAccount('john'),
    await server.addAccount('third'),
  ];
  const [hers, his] = [await server.logIn(mary), await server.logIn(john)];
  await done(hers, 'CREATE Place');
  await done(hers, `SETACL Place ${john.name} lkx`);
  let count = 0;
  return {
    mary,
    third,
    hers,
    his,
    async make(rights) {
      const name = `Box${++count}`;
      await done(hers, `CREATE ${name}`);
      for (const subject of ['one', 'two']) await hers.append(name, `Subject: ${subject}\r\n\r\n`);
      if (rights !== '') await done(hers, `SETACL ${name} ${john.name} ${rights}`);
      return `Other Users/${mary.name}/${name}`;
    },
    async [Symbol.asyncDispose]() {
      await hers[Symbol.asyncDispose]();
      await his[Symbol.asyncDispose]();
    },
  };
}

async function done(client: ImapClient, command: string): Promise<readonly string[]> {
  const { tagged, untagged } = await client.command(command);
  if (!tagged.startsWith('OK ')) throw client.failure(`${command} was answered ${tagged}`);
  return untagged;
}

/** All that a command is answered with, less the names that it was asked with and what tells answers of one connection apart. */
async function ask({ his, mary, third }: World, command: string, box: string, n: string): Promise<string> {
  const place = `Other Users/${mary.name}/Place`;
  const words = new Map(Object.entries({ box, place, n, third: third.name, path: encodeURI(box) }));
  const { untagged, tagged } = await his.command(command.replace(/\{([a-z]+)\}/g, (_, word) => words.get(word) ?? ''));
  if (/^(SELECT|EXAMINE)/.test(command) && tagged.startsWith('OK')) await done(his, 'UNSELECT');
  return [...untagged, tagged].join('\n').replaceAll(box, 'NAME').replaceAll(encodeURI(box), 'NAME');
}

test('hardening 47: by name, every command does what the rights allow; refusal looks like absence', {
  timeout: 120_000,
}, async () => {
  await using all = await world();
  const { hers, mary } = all;
  const absent = [`Other Users/${mary.name}/Absent`, 'Other Users/nobody/Box1', `Other Users/${mary.name}/INBOX/x`];
  const surprises: string[] = [];
  for (const [number, [command, allowed]] of BY_NAME.entries()) {
    const n = `p${number}`;
    await done(hers, `CREATE Place/${n}`);
    const nothing = await ask(all, command, absent[0] ?? '', n);
    expect(nothing, command).toMatch(/^NO \[(NONEXISTENT|TRYCREATE|NOPERM|BADURL .*)\] /m);
    for (const name of absent) expect(await ask(all, command, name, n), `${command} of ${name}`).toBe(nothing);
    for (const rights of SETS) {
      const answer = await ask(all, command, await all.make(rights), n);
      const isDone = /^OK /m.test(answer);
      const isRefused = rights.includes('l') ? /^NO \[NOPERM\] .*$/.test(answer) : answer === nothing;
      const isUnknownName = command.includes('nobody') && rights.includes('a') && answer.startsWith('NO [CANNOT]');
      if (!(allowed(rights) ? isDone : isRefused || isUnknownName))
        surprises.push(`${command} with '${rights}': ${answer}`);
      if (isDone && command.startsWith('RENAME')) await done(hers, `CREATE Place/${n}`);
    }
  }
  expect(surprises).toEqual([]);
});

test('hardening 47: copies and moves to a mailbox, and searches and lists of it, tell nothing of one that is hidden', {
  timeout: 120_000,
}, async () => {
  await using all = await world();
  const { his, mary } = all;
  for (let i = 0; i < 2 * SETS.length; i++) await his.append('INBOX', 'Subject: mine\r\n\r\n');
  await done(his, 'SELECT INBOX');
  const absent = `Other Users/${mary.name}/Absent`;
  const surprises: string[] = [];
  const inSelected: readonly (readonly [command: string, allowed: Allowed])[] = [
    ['COPY 1 "{box}"', has('i')],
    ['UID COPY 1 "{box}"', has('i')],
    ['MOVE 1 "{box}"', has('i')],
    ['REPLACE 1 "{box}" {3+}\r\nx\r\n', has('i')],
    ['RENAME INBOX "{box}"', () => false],
  ];
  for (const [command, allowed] of inSelected) {
    const nothing = await ask(all, command, absent, '');
    for (const rights of SETS) {
      const answer = await ask(all, command, await all.make(rights), '');
      const isDone = /^OK /m.test(answer);
      const isRefused = rights.includes('l') ? /^NO \[(NOPERM|CANNOT)\] .*$/.test(answer) : answer === nothing;
      const isOthers = command.startsWith('RENAME') && answer === nothing;
      if (!(allowed(rights) ? isDone : isRefused || isOthers)) surprises.push(`${command} with '${rights}': ${answer}`);
    }
  }
  for (const rights of SETS) {
    const name = await all.make(rights);
    for (const command of ALWAYS) {
      if ((await ask(all, command, name, '')) !== (await ask(all, command, absent, '')))
        surprises.push(`${command} with '${rights}'`);
    }
    const listed = await done(his, `LIST "" "${name}" RETURN (STATUS (MESSAGES) METADATA (/shared/comment))`);
    const expected = [
      ...(rights.includes('l') ? [`* LIST (\\HasNoChildren) "/" "${name}"`] : []),
      ...(has('l', 'r')(rights) ? [`* STATUS "${name}" (MESSAGES 2)`] : []),
      ...(annotates(rights) ? [`* METADATA "${name}" (/shared/comment NIL)`] : []),
    ];
    if (listed.join() !== expected.join()) surprises.push(`LIST with '${rights}': ${listed.join()}`);
    const found = await done(his, `ESEARCH IN (mailboxes "${name}") RETURN (COUNT) ALL`);
    if (found.length !== (has('l', 'r')(rights) ? 1 : 0)) surprises.push(`ESEARCH with '${rights}': ${found.join()}`);
  }
  expect(surprises).toEqual([]);
});

/** Commands in the mailbox that is selected, which needs `r`, and what of its messages is so afterwards if they are allowed. */
const IN_SELECTED: readonly (readonly [commands: readonly string[], allowed: Allowed, effect: string])[] = [
  [['STORE 1 +FLAGS (\\Seen)'], has('s'), '\\Seen'],
  [['UID STORE 1 FLAGS.SILENT (\\Seen)'], has('s'), '\\Seen'],
  [['STORE 1 +FLAGS (\\Flagged)'], has('w'), '\\Flagged'],
  [['STORE 1 +FLAGS ($Keyword)'], has('w'), '$Keyword'],
  [['STORE 1 +FLAGS (\\Deleted)'], has('t'), '\\Deleted'],
  [['SEARCH RETURN (SAVE) ALL', 'STORE $ +FLAGS (\\Deleted)'], has('t'), '\\Deleted'],
  [['STORE 1 (UNCHANGEDSINCE 999999) +FLAGS (\\Flagged)'], has('w'), '\\Flagged'],
  [['MOVE 1 INBOX'], has('t', 'e'), 'gone'],
  [['UID MOVE 1 INBOX'], has('t', 'e'), 'gone'],
  [['REPLACE 1 INBOX {3+}\r\nx\r\n'], has('t', 'e'), 'gone'],
];

test('hardening 47: in the selected mailbox, every command does what the rights allow, and nothing else', {
  timeout: 120_000,
}, async () => {
  await using all = await world();
  const { hers, his, mary } = all;
  const surprises: string[] = [];
  /** What Mary sees of the first message. */
  const stateOf = async (name: string) => {
    await done(hers, `EXAMINE ${name.slice(`Other Users/${mary.name}/`.length)}`);
    const flags = (await done(hers, 'UID FETCH 1 FLAGS')).filter((line) => line.includes('FETCH (')).join();
    await done(hers, 'UNSELECT');
    return flags === '' ? 'gone' : flags;
  };
  for (const rights of SETS.filter((set) => set.includes('r'))) {
    for (const [commands, allowed, effect] of IN_SELECTED) {
      const name = await all.make(rights);
      await done(his, `SELECT "${name}"`);
      let tagged = '';
      for (const command of commands) tagged = (await his.command(command)).tagged;
      const isDone = (await stateOf(name)).includes(effect);
      const isAnswered = allowed(rights) ? tagged.startsWith('OK ') : tagged.startsWith('NO [NOPERM]');
      if (isDone !== allowed(rights) || !isAnswered) surprises.push(`${commands.join()} with '${rights}': ${tagged}`);
    }
    const name = await all.make(rights);
    await done(his, `SELECT "${name}"`);
    await done(his, 'FETCH 1 BODY[]');
    if ((await stateOf(name)).includes('\\Seen') !== rights.includes('s')) surprises.push(`FETCH with '${rights}'`);
    await done(hers, `SELECT ${name.slice(`Other Users/${mary.name}/`.length)}`);
    await done(hers, 'STORE 1 +FLAGS (\\Deleted)');
    await done(hers, 'UNSELECT');
    for (const command of [
      'EXPUNGE',
      'UID EXPUNGE 1',
      'SEARCH ALL',
      'SORT (ARRIVAL) UTF-8 ALL',
      'UID COPY 2 INBOX',
      'CLOSE',
    ]) {
      const { tagged } = await his.command(command);
      const isAllowed = !command.includes('EXPUNGE') || rights.includes('e');
      if (isAllowed !== tagged.startsWith('OK ')) surprises.push(`${command} with '${rights}': ${tagged}`);
      if (command === 'CLOSE' && ((await stateOf(name)) === 'gone') !== rights.includes('e'))
        surprises.push(`CLOSE with '${rights}'`);
    }
  }
  expect(surprises).toEqual([]);
});

test('hardening 47: ids, UIDs and saved results of one mailbox are nothing in another', async () => {
  await using all = await world();
  const { hers, his } = all;
  const name = await all.make('');
  await done(hers, `SELECT ${name.slice(name.lastIndexOf('/') + 1)}`);
  const [line] = await done(hers, 'FETCH 2 (EMAILID THREADID)');
  const [, email, thread] = /EMAILID \((\S+)\) THREADID \((\S+?)\)/.exec(line ?? '') ?? [];
  await his.append('INBOX', 'Subject: mine\r\n\r\n');
  await his.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 SEARCH EMAILID ${email ?? ''}
    S: * SEARCH
    S: a2 OK ...
    C: a3 SEARCH THREADID ${thread ?? ''}
    S: * SEARCH
    S: a3 OK ...
    C: a4 UID FETCH 2 BODY[]
    S: a4 OK ...
  `;
});

/** Results that are kept up to date: RFC 5267 §4. */
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const letter = (subject: string) => `Subject: ${subject}\r\n\r\ntext of ${subject}`;

async function withMessages(subjects: readonly string[]) {
  const account = await server.addAccount();
  const mary = await server.logIn(account);
  for (const subject of subjects) await mary.append('INBOX', letter(subject));
  await mary.command('SELECT INBOX');
  await mary.command('NOOP');
  return { account, mary };
}

test('flags, arrivals and removals change the results of a search', async () => {
  const { account, mary } = await withMessages(['a', 'b', 'c']);
  await using client = mary;
  await using other = await server.logIn(account);
  await other.command('SELECT INBOX');
  await client.dialogue`
    C: B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED
    S: * ESEARCH (TAG "B01") UID COUNT 0
    S: B01 OK Searched
    C: B02 SEARCH RETURN (UPDATE ALL) UNDELETED SUBJECT b
    S: * ESEARCH (TAG "B02") ALL 2
    S: B02 OK Searched
    C: B03 STORE 1:2 +FLAGS (\Flagged)
    S: * 1 FETCH ...
    S: * 2 FETCH ...
    S: * ESEARCH (TAG "B01") UID ADDTO (0 1:2)
    S: B03 OK ...
    C: B04 STORE 2 +FLAGS.SILENT (\Deleted)
    S: * ESEARCH (TAG "B02") REMOVEFROM (0 2)
    S: B04 OK ...
    C: B05 STORE 2:3 FLAGS.SILENT (\Flagged)
    S: * ESEARCH (TAG "B01") UID ADDTO (0 3)
    S: * ESEARCH (TAG "B02") ADDTO (0 2)
    S: B05 OK ...
  `;
  await other.command('STORE 1:2 +FLAGS (\\Deleted)');
  await other.append('INBOX', letter('b'), '\\Flagged');
  await other.command('EXPUNGE');
  await client.dialogue`
    C: B06 FETCH 3 UID
    S: * 4 EXISTS
    S: * {recent} RECENT
    S: * ESEARCH (TAG "B01") UID ADDTO (0 4)
    S: * ESEARCH (TAG "B02") ADDTO (0 4)
    S: * 3 FETCH (UID 3)
    S: B06 OK ...
    C: B07 NOOP
    S: * ESEARCH (TAG "B01") UID REMOVEFROM (0 1:2)
    S: * ESEARCH (TAG "B02") REMOVEFROM (0 2)
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: B07 OK ...
    C: B08 CANCELUPDATE "B01" "B02"
    S: B08 OK No more updates
    C: B09 STORE 1 -FLAGS.SILENT (\Flagged)
    S: B09 OK ...
  `;
});

test('what is sorted is told with its place', async () => {
  const { mary } = await withMessages(['d', 'b', 'h', 'f']);
  await using client = mary;
  await client.dialogue`
    C: C01 UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNDELETED
    S: * ESEARCH (TAG "C01") UID ALL 2,1,4,3
    S: C01 OK Sorted
    C: C02 SORT RETURN (UPDATE COUNT) (REVERSE SUBJECT) UTF-8 UNDELETED
    S: * ESEARCH (TAG "C02") COUNT 4
    S: C02 OK Sorted
    C: C03 STORE 1,4 +FLAGS.SILENT (\Deleted)
    S: * ESEARCH (TAG "C01") UID REMOVEFROM (2 1,4)
    S: * ESEARCH (TAG "C02") REMOVEFROM (2 4,1)
    S: C03 OK ...
    C: C04 STORE 2 +FLAGS.SILENT (\Deleted)
    S: * ESEARCH (TAG "C01") UID REMOVEFROM (1 2)
    S: * ESEARCH (TAG "C02") REMOVEFROM (2 2)
    S: C04 OK ...
    C: C05 STORE 1,2,4 -FLAGS.SILENT (\Deleted)
    S: * ESEARCH (TAG "C01") UID ADDTO (1 2,1,4)
    S: * ESEARCH (TAG "C02") ADDTO (2 4,1:2)
    S: C05 OK ...
    C: C06 STORE 2,4 +FLAGS.SILENT (\Deleted)
    S: * ESEARCH (TAG "C01") UID REMOVEFROM (1 2 2 4)
    S: * ESEARCH (TAG "C02") REMOVEFROM (2 4 3 2)
    S: C06 OK ...
    C: C07 EXPUNGE
    S: * 4 EXPUNGE
    S: * 2 EXPUNGE
    S: C07 OK ...
  `;
  await client.append('INBOX', letter('e'));
  await client.append('INBOX', letter('z'));
  await client.append('INBOX', letter('g'));
  const { untagged } = await client.command('NOOP');
  expect(untagged.filter((line) => line.includes('ESEARCH'))).toEqual([]); // told with each APPEND
  await client.dialogue`
    C: C08 SORT RETURN () (SUBJECT) UTF-8 ALL
    S: * ESEARCH (TAG "C08") ALL 1,3,5,2,4
    S: C08 OK Sorted
    C: C09 STORE 1:* +FLAGS.SILENT (\Deleted)
    S: * ESEARCH (TAG "C01") UID REMOVEFROM (1 1,5,7,3,6)
    S: * ESEARCH (TAG "C02") REMOVEFROM (1 4,2,5,3,1)
    S: C09 OK ...
  `;
});

test('RFC 5465 §7: what is asked for of messages that come and match is told behind their EXISTS; of flags it is not', async () => {
  const { account, mary } = await withMessages(['a', 'b']);
  await using client = mary;
  await using other = await server.logIn(account);
  await client.dialogue`
    C: C01 UID SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])) NOT SUBJECT c UNFLAGGED
    S: * ESEARCH (TAG "C01") UID COUNT 2
    S: C01 OK Searched
    C: C02 SORT RETURN (UPDATE(UID RFC822.SIZE) ALL) (SUBJECT) UTF-8 ALL
    S: * ESEARCH (TAG "C02") ALL 1:2
    S: C02 OK Sorted
    C: C03 SEARCH RETURN (UPDATE (NONSENSE)) ALL
    S: C03 BAD ...
    C: C04 SEARCH RETURN (UPDATE ()) ALL
    S: C04 BAD ...
  `;
  await other.append('INBOX', letter('b'));
  await other.append('INBOX', letter('c'));
  await other.command('SELECT INBOX');
  await other.command('STORE 1 +FLAGS (\\Flagged)');
  await client.dialogue`
    C: C05 NOOP
    S: * 4 EXISTS
    S: ...
    S: * 1 FETCH (UID 1 FLAGS (\Flagged...))
    S: * 3 FETCH (UID 3 BODY[HEADER.FIELDS (SUBJECT)] {14}
    S: Subject: b
    S: 
    S: )
    S: * ESEARCH (TAG "C01") UID REMOVEFROM (0 1) ADDTO (0 3)
    S: * 3 FETCH (UID 3 RFC822.SIZE {size})
    S: * 4 FETCH (UID 4 RFC822.SIZE {size})
    S: * ESEARCH (TAG "C02") ADDTO (3 3:4)
    S: C05 OK Done
    C: C06 STORE 1 -FLAGS (\Flagged)
    S: * 1 FETCH (UID 1 FLAGS (...))
    S: * ESEARCH (TAG "C01") UID ADDTO (0 1)
    S: C06 OK Stored
  `;
});

test('in IDLE too, and no more when another mailbox is selected', async () => {
  const { account, mary } = await withMessages(['a']);
  await using client = mary;
  await using other = await server.logIn(account);
  await client.dialogue`
    C: D01 UID SEARCH RETURN (UPDATE) TEXT "text of b"
    S: * ESEARCH (TAG "D01") UID
    S: D01 OK Searched
    C: D02 IDLE
    S: + ...
  `;
  await other.append('INBOX', letter('b'));
  await client.dialogue`
    S: * 2 EXISTS
    S: * {recent} RECENT
    S: * ESEARCH (TAG "D01") UID ADDTO (0 2)
    C: DONE
    S: D02 OK ...
    C: D03 EXAMINE INBOX
    S: ...
    S: D03 OK ...
    C: D04 CANCELUPDATE "D01"
    S: D04 NO No search of that tag...
  `;
});

test('message numbers and the saved result mean what they meant', async () => {
  const { mary } = await withMessages(['a', 'b', 'c']);
  await using client = mary;
  await client.dialogue`
    C: E01 UID SEARCH RETURN (SAVE) 2
    S: E01 OK ...
    C: E02 UID SEARCH RETURN (SAVE UPDATE COUNT) OR (2 FLAGGED) (NOT $ FLAGGED)
    S: * ESEARCH (TAG "E02") UID COUNT 0
    S: E02 OK ...
    C: E03 UID SEARCH RETURN (UPDATE COUNT) 2:3 FLAGGED
    S: * ESEARCH (TAG "E03") UID COUNT 0
    S: E03 OK ...
    C: E04 STORE 1 +FLAGS.SILENT (\Deleted)
    S: E04 OK ...
    C: E05 EXPUNGE
    S: * 1 EXPUNGE
    S: E05 OK ...
    C: E06 STORE 1 +FLAGS.SILENT (\Flagged)
    S: * ESEARCH (TAG "E02") UID ADDTO (0 2)
    S: * ESEARCH (TAG "E03") UID ADDTO (0 2)
    S: E06 OK ...
  `;
});

test('a tag in use is refused, and so are updates beyond the limit; what else was asked for is answered', async () => {
  const { mary } = await withMessages(['a']);
  await using client = mary;
  for (let n = 0; n < 10; n++) await client.command('SEARCH RETURN (UPDATE CONTEXT) ALL');
  await client.dialogue`
    C: F01 SORT RETURN (UPDATE COUNT) (DATE) UTF-8 ALL
    S: * ESEARCH (TAG "F01") COUNT 1
    S: * NO [NOUPDATE "F01"] ...
    S: F01 OK Sorted
    C: F02 CANCELUPDATE
    S: F02 BAD ...
    C: F03 CANCELUPDATE "t99"
    S: F03 NO ...
    C: F04 UNSELECT
    S: F04 OK ...
    C: F05 CANCELUPDATE "t1"
    S: F05 BAD Select a mailbox first...
    C: F06 SELECT INBOX
    S: ...
    S: F06 OK ...
    C: F07 SEARCH RETURN (UPDATE) ALL
    S: * ESEARCH (TAG "F07")
    S: F07 OK ...
    C: F07 SEARCH RETURN (UPDATE) FLAGGED
    S: F07 BAD The tag belongs...
    C: F08 SEARCH RETURN (COUNT CONTEXT) ALL
    S: * ESEARCH (TAG "F08") COUNT 1
    S: F08 OK ...
    C: F09 ESEARCH IN (selected) RETURN (UPDATE) FLAGGED
    S: F09 OK ...
    C: G01 STORE 1 FLAGS.SILENT \Flagged
    S: * ESEARCH (TAG "F09" MAILBOX INBOX UIDVALIDITY {uidvalidity}) UID ADDTO (0 1)
    S: G01 OK ...
    C: G02 ESEARCH IN (personal) RETURN (UPDATE) ALL
    S: G02 BAD ...
  `;
});

/** What a client holds for the results, as the responses tell it. */
class Held {
  uids: number[];

  constructor(uids: readonly number[]) {
    this.uids = [...uids];
  }

  take(line: string): void {
    for (const [, item = '', pairs = ''] of line.matchAll(/(ADDTO|REMOVEFROM) \(([^)]*)\)/g)) {
      const words = pairs.split(' ');
      for (let i = 0; i < words.length; i += 2) this.#apply(item, Number(words[i]), expand(words[i + 1] ?? ''));
    }
  }

  #apply(item: string, position: number, set: readonly number[]): void {
    if (position === 0) {
      const rest = this.uids.filter((uid) => !set.includes(uid));
      expect(this.uids.length - rest.length).toBe(item === 'ADDTO' ? 0 : set.length);
      this.uids = item === 'ADDTO' ? [...rest, ...set].sort((a, b) => a - b) : rest;
    } else if (item === 'ADDTO') {
      this.uids.splice(position - 1, 0, ...set);
    } else {
      expect(this.uids.splice(position - 1, set.length)).toEqual(set);
    }
  }
}

const expand = (set: string): readonly number[] =>
  set.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });

const SEARCHES = [
  ['SEARCH', 'FLAGGED'],
  ['SEARCH', 'OR DELETED SUBJECT a'],
  ['SORT', '(SUBJECT REVERSE ARRIVAL) UTF-8 UNFLAGGED'],
  ['SORT', '(REVERSE SUBJECT) UTF-8 NOT SUBJECT b'],
] as const;

test('whatever happens, a client that takes in the changes holds what a new search finds', async () => {
  const { account, mary } = await withMessages(['a', 'b', 'c', 'a', 'b', 'c']);
  await using client = mary;
  await using other = await server.logIn(account);
  await other.command('SELECT INBOX');
  const held = new Map<string, Held>();
  for (const [command, rest] of SEARCHES) {
    const { untagged } = await client.command(`UID ${command} RETURN (UPDATE ALL) ${rest}`);
    const [, tag = '', all = ''] = /TAG "(.*?)"\) UID(?: ALL (.*))?/.exec(untagged[0] ?? '') ?? [];
    held.set(tag, new Held(all === '' ? [] : expand(all)));
  }
  let seed = 4_711;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  for (let step = 0; step < 120; step++) {
    const who = random(2) === 0 ? client : other;
    const flag = random(3) === 0 ? '\\Deleted' : '\\Flagged';
    const action = random(8);
    const told: string[] = [];
    const run = async (by: typeof client, command: string) => {
      const { untagged } = await by.command(command);
      if (by === client) told.push(...untagged);
    };
    if (action === 0) await run(who, 'EXPUNGE');
    else if (action === 1) await other.append('INBOX', letter('abc'[random(3)] ?? ''), random(2) === 0 ? flag : '');
    else
      await run(
        who,
        `UID STORE ${1 + random(12 + step)}:${1 + random(12 + step)} ${random(2) === 0 ? '+' : '-'}FLAGS (${flag})`,
      );
    if (random(3) === 0) await run(client, 'FETCH * UID');
    await run(client, 'NOOP');
    for (const line of told) held.get(/^\* ESEARCH \(TAG "(.*?)"\)/.exec(line)?.[1] ?? '')?.take(line);
    const lists = [...held.values()];
    for (const [n, [command, rest]] of SEARCHES.entries()) {
      const { untagged } = await client.command(`UID ${command} ${rest}`);
      const found = (untagged.find((line) => line.startsWith(`* ${command}`)) ?? '').split(' ').slice(2).map(Number);
      expect(lists[n]?.uids, `${rest} in step ${step}`).toEqual(found);
    }
  }
});

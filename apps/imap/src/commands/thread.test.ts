import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const lines = (...text: readonly string[]) => text.map((line) => `${line}\r\n`).join('');

/** A message of the n-th of the month. */
const letter = (day: number, subject: string, id: string, references = '') =>
  lines(
    `Date: ${day} Mar 2000 12:00:00 +0000`,
    `Subject: ${subject}`,
    `Message-ID: <${id}@example.com>`,
    ...(references === '' ? [] : [`References: ${references.replace(/\w+/g, '<$&@example.com>')}`]),
    '',
    'text',
  );

test('THREAD in both ways', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', letter(1, 'Lunch', 'a'));
  await mary.append('INBOX', letter(5, 'Re: lunch', 'd', 'a'));
  await mary.append('INBOX', letter(3, 'Dinner', 'b'));
  await mary.append('INBOX', letter(4, 'RE: Lunch', 'c', 'a x'));
  await mary.append('INBOX', letter(6, 'Re: Dinner', 'e'));
  await mary.append('INBOX', letter(2, 'Breakfast', 'f', 'x'));
  await mary.append('INBOX', letter(7, 'Tea', 'g', 'a d'), '\\Deleted');
  await mary.append('INBOX', letter(8, '', 'h'));
  await mary.dialogue`
    C: a1 THREAD REFERENCES UTF-8 ALL
    S: a1 BAD Select a mailbox first...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 THREAD REFERENCES UTF-8 ALL
    S: * THREAD (1 (6)(4)(2 7))(3 5)(8)
    S: a3 OK Threaded
    C: a4 THREAD ORDEREDSUBJECT UTF-8 ALL
    S: * THREAD (1 (4)(2))(6)(3 5)(7)(8)
    S: a4 OK Threaded
    C: a5 THREAD REFERENCES US-ASCII 2:5
    S: * THREAD (3 5)((4)(2))
    S: a5 OK Threaded
    C: a6 THREAD ORDEREDSUBJECT UTF-8 TEXT nowhere
    S: * THREAD
    S: a6 OK Threaded
    C: a7 EXPUNGE
    S: * 7 EXPUNGE
    S: a7 OK ...
    C: a8 UID THREAD REFERENCES UTF-8 UNDELETED
    S: * THREAD (1 (6)(4)(2))(3 5)(8)
    S: a8 OK Threaded
  `;
});

test('THREAD=REFS: messages that only have the same subject stay apart, and the thread that was last written to comes last', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', letter(1, 'Lunch', 'a'));
  await mary.append('INBOX', letter(3, 'Dinner', 'b'));
  await mary.append('INBOX', letter(4, 'Re: Dinner', 'c'));
  await mary.append('INBOX', letter(9, 'Other', 'd', 'a'));
  await mary.append('INBOX', letter(8, 'Re: Lunch', 'e', 'a'));
  await mary.append('INBOX', letter(5, 'Re: Tea', 'f', 'gone'));
  await mary.append('INBOX', letter(2, 'Re: Tea', 'g', 'gone'));
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 THREAD REFS UTF-8 ALL
    S: * THREAD (2)(3)((7)(6))(1 (5)(4))
    S: a2 OK Threaded
    C: a3 THREAD REFERENCES UTF-8 ALL
    S: * THREAD (1 (5)(4))((7)(6))(2 3)
    S: a3 OK Threaded
    C: a4 UID THREAD refs US-ASCII 1:3,5,6
    S: * THREAD (2)(3)(6)(1 5)
    S: a4 OK Threaded
    C: a5 THREAD REFS UTF-8 TEXT nowhere
    S: * THREAD
    S: a5 OK Threaded
  `;
});

test('threads are found by References, else by the first of In-Reply-To, however Message-IDs are quoted', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', lines('Message-ID: <"01KF8JCEOCBS0045PS"@xxx.yyy.com>', 'Subject: a', '', ''));
  await mary.append(
    'INBOX',
    lines('In-Reply-To: Your message <01KF8JCEOCBS0045PS@xxx.yyy.com> of <x@y>', 'Subject: b', '', ''),
  );
  await mary.append(
    'INBOX',
    lines('References: nothing here', 'In-Reply-To: <01KF8JCEOCBS0045PS@xxx.yyy.com>', 'Subject: c', '', ''),
  );
  await mary.append('INBOX', lines('References: <01kf8jceocbs0045ps@xxx.yyy.com>', 'Subject: d', '', ''));
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 THREAD REFERENCES UTF-8 ALL
    S: * THREAD (1 (2)(3))(4)
    S: a2 OK Threaded
  `;
});

test('what is no THREAD is refused', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 THREAD INTHREAD UTF-8 ALL
    S: a2 BAD Unknown threading algorithm...
    C: a3 THREAD REFERENCES KOI8-R ALL
    S: a3 NO [BADCHARSET (UTF-8 US-ASCII)] ...
    C: a4 THREAD REFERENCES UTF-8
    S: a4 BAD ...
    C: a5 THREAD RETURN () REFERENCES UTF-8 ALL
    S: a5 BAD ...
  `;
});

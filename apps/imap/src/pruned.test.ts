/** A process that was away while what it missed was pruned. */
import { test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';
import { pruneAll } from './testing/prune-all.ts';

const server = new MailServer();

test('rule 2: who idles on a process that was paused hears of what was removed and pruned meanwhile', async () => {
  await using paused = await server.startProcess();
  const account = await server.addAccount();
  await using other = await server.logIn(account);
  for (const subject of ['one', 'two', 'three', 'four']) await other.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await other.command('SELECT INBOX');
  await using idler = await server.logIn(account, paused.port);
  await idler.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 IDLE
    S: + idling
  `;
  const pid = paused.app.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await other.command('STORE 2:3 +FLAGS.SILENT (\\Deleted)');
    await other.command('EXPUNGE');
    await other.command('STORE 2 +FLAGS.SILENT (\\Flagged)');
    await other.append('INBOX', 'Subject: five\r\n\r\n');
    await pruneAll(server.postel, account.name);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await idler.dialogue`
    S: * 3 EXPUNGE
    S: * 2 EXPUNGE
    S: * 3 EXISTS
    S: ...
    S: * 2 FETCH (UID 4 FLAGS (\Flagged...))
    C: DONE
    S: ...
    S: a2 OK ...
    C: a3 UID FETCH 1:* (FLAGS)
    S: * 1 FETCH (UID 1 FLAGS (...))
    S: * 2 FETCH (UID 4 FLAGS (\Flagged...))
    S: * 3 FETCH (UID 5 FLAGS (...))
    S: a3 OK ...
  `;
});

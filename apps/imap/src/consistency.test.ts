import { expect, test } from 'vitest';
import { accountUse } from './testing/account-use.ts';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '$One', '$Two'];
const MAILBOXES = ['INBOX', 'Archive'] as const;
const COMMANDS_EACH = 120;
const KINDS = [
  ...['append', 'store', 'store', 'silent', 'uid', 'expunge', 'noop', 'fetch', 'search'],
  ...['copy', 'move', 'uid copy', 'uid move'],
];

/** What a mail program keeps of a mailbox: flags by sequence number, null as long as it has not been told of them. */
class Model {
  readonly messages: { uid: number | null; flags: string | null }[] = [];
  readonly mailbox: string;
  readonly #client: ImapClient;

  constructor(client: ImapClient, mailbox: string) {
    this.#client = client;
    this.mailbox = mailbox;
  }

  async select(): Promise<void> {
    await this.command(`SELECT ${this.mailbox}`);
  }

  /** Sends a command, and believes what is told. */
  async command(text: string): Promise<readonly string[]> {
    const isByNumber = /^(FETCH|STORE|SEARCH)/.test(text);
    const { untagged, tagged } = await this.#client.command(text);
    expect(tagged).toMatch(/^(OK|NO \[EXPUNGEISSUED\]) /);
    for (const line of untagged) {
      const [, number, name] = /^\* (\d+) (\w+)/.exec(line) ?? [];
      if (name === 'EXPUNGE') {
        if (isByNumber) throw this.#client.failure('EXPUNGE would shift the numbers of the command');
        expect(Number(number)).toBeLessThanOrEqual(this.messages.length);
        this.messages.splice(Number(number) - 1, 1);
      } else if (name === 'EXISTS') {
        expect(Number(number)).toBeGreaterThanOrEqual(this.messages.length);
        while (this.messages.length < Number(number)) this.messages.push({ uid: null, flags: null });
      } else if (name === 'FETCH') this.#fetched(Number(number), line);
    }
    return untagged;
  }

  /** After a silent STORE that set flags: the client knows them unless it is told otherwise. */
  replaced(number: number, flags: readonly string[]): void {
    const message = this.messages[number - 1];
    if (message !== undefined) message.flags = sorted(flags);
  }

  #fetched(number: number, line: string): void {
    const message = this.messages[number - 1];
    if (message === undefined) throw this.#client.failure('FETCH of a message that is not there');
    const uid = /UID (\d+)/.exec(line)?.[1];
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (uid !== undefined && message.uid !== null && message.uid !== Number(uid))
      throw this.#client.failure(`number ${number} was UID ${message.uid}`);
    if (uid !== undefined) message.uid = Number(uid);
    if (flags !== undefined) message.flags = sorted(flags.split(' '));
  }
}

const sorted = (flags: readonly string[]) =>
  flags
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;
const upTo = (count: number) => 1 + Math.floor(Math.random() * count);

async function actAtRandom(model: Model): Promise<void> {
  for (let i = 0; i < COMMANDS_EACH; i++) {
    const { length } = model.messages;
    const number = upTo(Math.max(length, 1));
    const flags = FLAGS.filter(() => Math.random() < 0.3);
    const kind = length < 3 ? 'append' : pick(KINDS);
    if (kind === 'append') {
      await model.command(`APPEND ${model.mailbox} (${flags.join(' ')}) {14+}\r\nSubject: x\r\n\r\n`);
      await model.command(`FETCH 1:* (UID FLAGS)`);
    } else if (kind === 'store')
      await model.command(`STORE ${number} ${pick(['', '+', '-'])}FLAGS (${flags.join(' ')})`);
    else if (kind === 'silent') {
      // What comes with it, and is told in it, is another's change on top of ours, or one from before.
      const before = model.messages[number - 1];
      const untagged = await model.command(`STORE ${number} FLAGS.SILENT (${flags.join(' ')})`);
      const isTold = untagged.at(-1)?.startsWith(`* ${number} FETCH`) === true;
      if (model.messages[number - 1] === before && !isTold) model.replaced(number, flags);
      else await model.command(`FETCH ${number} (UID FLAGS)`);
    } else if (kind === 'uid') await model.command(`UID STORE ${number}:${number + 3} +FLAGS (${flags.join(' ')})`);
    else if (kind === 'copy' || kind === 'move') await model.command(`${kind} ${number}:* ${pick(MAILBOXES)}`);
    else if (kind === 'uid copy' || kind === 'uid move')
      await model.command(`${kind} ${number}:${number + 3} ${pick(MAILBOXES)}`);
    else if (kind === 'expunge') await model.command('EXPUNGE');
    else if (kind === 'noop') await model.command('NOOP');
    else if (kind === 'fetch') await model.command(`FETCH ${number}:* (UID FLAGS)`);
    else await model.command(pick(['SEARCH SEEN', 'SEARCH SUBJECT x', 'UID SEARCH OR SEEN SINCE 1-Jan-2000']));
  }
}

test('hardening 52: whatever several connections of two processes do, each knows its mailbox as it is in the end', async () => {
  await using second = await server.startProcess();
  const account = await server.addAccount();
  await using one = await server.logIn(account);
  await using two = await server.logIn(account);
  await using three = await server.logIn(account, second.port);
  await using four = await server.logIn(account, second.port);
  const models = [one, two, three, four].map((client, i) => new Model(client, MAILBOXES[i % 2] ?? 'INBOX'));
  await Promise.all(models.map((model) => model.select()));

  await Promise.all(models.map(actAtRandom));

  await Promise.all(models.map((model) => model.command('NOOP')));
  await using fresh = await server.logIn(account);
  const use = { messages: 0, octets: 0 };
  for (const mailbox of MAILBOXES) {
    const truth = new Model(fresh, mailbox);
    await truth.select();
    const told = truth.messages.length > 0 ? await truth.command('FETCH 1:* (UID FLAGS RFC822.SIZE)') : [];
    for (const model of models.filter((each) => each.mailbox === mailbox)) {
      expect(model.messages).toHaveLength(truth.messages.length);
      model.messages.forEach(({ uid, flags }, index) => {
        const { uid: trueUid, flags: trueFlags } = truth.messages[index] ?? {};
        if (uid !== null) expect(uid).toBe(trueUid);
        if (flags !== null) expect(flags, `flags of UID ${trueUid}`).toBe(trueFlags);
      });
    }
    const unseen = truth.messages.filter(({ flags }) => flags?.includes('\\Seen') === false).length;
    const [status] = await truth.command(`STATUS ${mailbox} (MESSAGES UNSEEN)`);
    expect(status).toBe(`* STATUS ${mailbox} (MESSAGES ${truth.messages.length} UNSEEN ${unseen})`);
    use.messages += truth.messages.length;
    for (const line of told) use.octets += Number(/RFC822\.SIZE (\d+)/.exec(line)?.[1] ?? 0);
  }
  expect(await accountUse(server.postel, account.name)).toEqual(use);
});

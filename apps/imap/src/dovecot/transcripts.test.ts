import { afterAll, test } from 'vitest';
import { DovecotServer, QUOTA, startDovecot } from '../testing/dovecot-server.ts';
import { MailServer } from '../testing/mail-server.ts';
import { type ImapPeer, playShared } from '../testing/shared-transcript.ts';
import { transcripts } from './transcripts.ts';

const server = new MailServer();
const postel: ImapPeer = {
  name: 'postel',
  async addAccount() {
    const account = await server.addAccount();
    await server.postel.setQuota(account, QUOTA);
    return account;
  },
  connect: () => server.connect(),
};

const started = await startDovecot();
afterAll(async () => {
  if (started instanceof DovecotServer) await started[Symbol.asyncDispose]();
});

test.for(transcripts)('Postel: $title', async (transcript) => {
  await playShared(transcript, postel);
});

test.for(transcripts)('Dovecot: $title', async (transcript, { skip }) => {
  if (!(started instanceof DovecotServer)) return skip(started.problem);
  const dovecot: ImapPeer = {
    name: 'dovecot',
    addAccount: () => started.addUser('mary'),
    connect: () => started.connect(),
  };
  await playShared(transcript, dovecot);
});

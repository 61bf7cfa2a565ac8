import { test } from 'vitest';
import { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const NAMES =
  'IMAP4rev1 LITERAL+ IMAP4rev2 SASL-IR IDLE UIDPLUS MOVE UNSELECT ID ENABLE NAMESPACE CHILDREN ' +
  'LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE ESEARCH SEARCHRES PARTIAL STATUS=SIZE QUOTA ' +
  'QUOTASET QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX COMPRESS=DEFLATE NOTIFY SAVEDATE ' +
  'OBJECTID PREVIEW SORT SORT=DISPLAY THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS ESORT ' +
  'CONTEXT=SEARCH CONTEXT=SORT WITHIN MULTISEARCH SEARCH=FUZZY INPROGRESS I18NLEVEL=1 METADATA ' +
  'LIST-METADATA FILTERS UTF8=ACCEPT UIDONLY UIDBATCHES CONDSTORE QRESYNC BINARY MULTIAPPEND CATENATE ' +
  'URL-PARTIAL URLAUTH URLAUTH=BINARY REPLACE ACL RIGHTS=texk LIST-MYRIGHTS APPENDLIMIT=104857600 ' +
  'UNAUTHENTICATE';

test('the greeting names the capabilities, and so does CAPABILITY', async () => {
  await using client = await ImapClient.connect(server.postel.ports.imap);
  await client.dialogue`
    S: * OK [CAPABILITY {names}] Postel ready
    C: a1 CAPABILITY
    S: * CAPABILITY {names}
    S: a1 OK ...
    C: a2 capability
    S: * CAPABILITY ${NAMES} STARTTLS AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN
    S: a2 OK ...
  `;
});

test('under TLS nothing is said of STARTTLS, and after login nothing of how to log in', async () => {
  const mary = await server.addAccount();
  await using client = await server.connectTls();
  await client.dialogue`
    C: a1 CAPABILITY
    S: * CAPABILITY ${NAMES} AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN
    S: a1 OK ...
    C: a2 LOGIN ${mary.name} ${mary.password}
    S: a2 OK [CAPABILITY {names}] Logged in
    C: a3 CAPABILITY
    S: * CAPABILITY {names}
    S: a3 OK ...
    C: a4 CAPABILITY
    S: * CAPABILITY ${NAMES} X-POSTEL-ENVELOPE
    S: a4 OK ...
  `;
});

test('CAPABILITY takes no arguments', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 CAPABILITY all
    S: a1 BAD Unexpected arguments...
  `;
});
